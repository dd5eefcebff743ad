import {
  assertCommand,
  assertTenantId,
  assertUuid,
  CommandIdReusedError,
  commandStatusMoves,
  defaultMaxPayloadBytes,
  encodeMetadata,
  encodePayload,
  hashCommand,
  IllegalStatusError,
  systemClock,
  type ClockPort,
  type Command,
  type CommandQuery,
  type CommandStatus,
  type CommandStorePort,
  type StatusChange,
  type StoredCommand,
} from '@cairn/core'
import { assertWholeNumber } from './assert-whole-number.ts'
import { toStoredCommand, type CommandRow } from './command-row.ts'

export interface InMemoryCommandStoreOptions {
  /** What `createdAt` and `updatedAt` are taken from. @default the system's clock */
  readonly clock?: ClockPort
  /** The largest payload, result or error, in bytes of its JSON text. @default 1_048_576 */
  readonly maxPayloadBytes?: number
}

/** Commands in memory, for tests and trials. Every method runs to its end without awaiting, which makes it atomic. */
export class InMemoryCommandStore implements CommandStorePort {
  readonly #rows = new Map<string, CommandRow>()
  readonly #clock: ClockPort
  readonly #maxPayloadBytes: number
  #stored = 0

  constructor(options: InMemoryCommandStoreOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#maxPayloadBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes
    assertWholeNumber('maxPayloadBytes', this.#maxPayloadBytes, 1)
  }

  async upsert(command: Command): Promise<StoredCommand> {
    assertCommand(command)
    const { tenantId, type, aggregateType, aggregateId } = command
    const payload = encodePayload(`command ${type}`, command.payload, this.#maxPayloadBytes)
    const metadata = encodeMetadata(`command ${type}`, command.metadata)
    const key = rowKey(tenantId, command.id)
    const hash = hashCommand(command)
    const found = this.#rows.get(key)
    if (found !== undefined) {
      if (found.hash !== hash) throw new CommandIdReusedError(tenantId, command.id)
      return toStoredCommand(found)
    }
    const now = this.#clock.now().getTime()
    const row: CommandRow = {
      id: command.id.toLowerCase(),
      tenantId,
      type,
      aggregateType,
      aggregateId,
      payload,
      metadata,
      hash,
      createdAt: now,
      number: ++this.#stored,
      status: 'pending',
      attempts: 0,
      result: undefined,
      error: undefined,
      updatedAt: now,
    }
    this.#rows.set(key, row)
    return toStoredCommand(row)
  }

  async claim(tenantId: string, limit: number): Promise<readonly StoredCommand[]> {
    assertTenantId(tenantId)
    assertWholeNumber('limit', limit, 1, 1_000)
    const pending = [...this.#rows.values()]
      .filter((row) => row.tenantId === tenantId && row.status === 'pending')
      .toSorted((a, b) => a.createdAt - b.createdAt || a.number - b.number)
    return pending.slice(0, limit).map((row) => this.#move(row, 'consumed'))
  }

  async markStatus(tenantId: string, id: string, change: StatusChange): Promise<StoredCommand> {
    const row = this.#find(tenantId, id)
    const result = change.status === 'processed' ? this.#encodeResult(id, change.result) : undefined
    const error = change.status === 'failed' ? encodePayload(`the error of command ${id}`, change.error, this.#maxPayloadBytes) : undefined
    if (row === undefined) throw new IllegalStatusError(id, undefined, change.status)
    if (!commandStatusMoves[row.status].includes(change.status)) throw new IllegalStatusError(id, row.status, change.status)
    row.result = result
    row.error = error
    return this.#move(row, change.status)
  }

  async getById(tenantId: string, id: string): Promise<StoredCommand | undefined> {
    const row = this.#find(tenantId, id)
    return row && toStoredCommand(row)
  }

  async query(query: CommandQuery): Promise<readonly StoredCommand[]> {
    assertTenantId(query.tenantId)
    const { limit = 100, status, type, aggregateType, aggregateId } = query
    assertWholeNumber('limit', limit, 1, 1_000)
    if (query.after !== undefined) assertUuid('after', query.after)
    const after = query.after?.toLowerCase() ?? ''
    return [...this.#rows.values()]
      .filter((row) => row.tenantId === query.tenantId && row.id > after)
      .filter((row) => (status === undefined || row.status === status) && (type === undefined || row.type === type))
      .filter((row) => aggregateType === undefined || row.aggregateType === aggregateType)
      .filter((row) => aggregateId === undefined || row.aggregateId === aggregateId)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map(toStoredCommand)
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    const row = this.#find(tenantId, id)
    if (row === undefined) return false
    if (commandStatusMoves[row.status].length > 0) throw new IllegalStatusError(id, row.status, 'deleted')
    return this.#rows.delete(rowKey(tenantId, id))
  }

  #find(tenantId: string, id: string): CommandRow | undefined {
    assertTenantId(tenantId)
    assertUuid('command id', id)
    return this.#rows.get(rowKey(tenantId, id))
  }

  #move(row: CommandRow, status: CommandStatus): StoredCommand {
    if (status === 'consumed') row.attempts++
    row.status = status
    row.updatedAt = this.#clock.now().getTime()
    return toStoredCommand(row)
  }

  #encodeResult(id: string, result: unknown): string | undefined {
    return result === undefined ? undefined : encodePayload(`the result of command ${id}`, result, this.#maxPayloadBytes)
  }
}

/** Ids are compared in lower case, as PostgreSQL's uuid type does. */
function rowKey(tenantId: string, id: string): string {
  return `${tenantId}\0${id.toLowerCase()}`
}
