import { randomUUID } from 'node:crypto'
import {
  assertCommand,
  assertTenantId,
  assertTime,
  assertUuid,
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
  type CommandReceipt,
  type CommandStatus,
  type CommandStorePort,
  type DueCommandsPort,
  type PendingCommandsPort,
  type QueuedCommand,
  type RawCommand,
  type StatusChange,
  type StoredCommand,
} from '@cairn/core'
import { assertWholeNumber } from './assert-whole-number.ts'
import { toStoredCommand, type CommandRow } from './command-row.ts'
import { CommandTable } from './commands/command-table.ts'
import { cancelled, InMemoryCommandQueue, type PreparedCommand } from './commands/in-memory-command-queue.ts'
import { InMemoryDueCommands } from './commands/in-memory-due-commands.ts'
import { elsewhere, inOrder, isDue, rowKey } from './commands/rows.ts'
import { InMemoryPendingCommands } from './pumps/in-memory-pending-commands.ts'

export interface InMemoryCommandStoreOptions {
  /** What `createdAt` and `updatedAt` are taken from. @default the system's clock */
  readonly clock?: ClockPort
  /** The largest payload, result or error, in bytes of its JSON text. @default 1_048_576 */
  readonly maxPayloadBytes?: number
}

/** Commands in memory, for tests and trials. Every method runs to its end without awaiting, which makes it atomic. */
export class InMemoryCommandStore implements CommandStorePort {
  /** What an event store must know that is given this one. @internal */
  readonly table = new CommandTable()
  readonly #rows = this.table.rows
  readonly #clock: ClockPort
  readonly #maxPayloadBytes: number
  readonly #due: InMemoryDueCommands
  #stored = 0

  constructor(options: InMemoryCommandStoreOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#maxPayloadBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes
    assertWholeNumber('maxPayloadBytes', this.#maxPayloadBytes, 1)
    this.#due = new InMemoryDueCommands(this.table, this.#clock, this.#maxPayloadBytes)
  }

  /** What is due, for workers. */
  get due(): DueCommandsPort {
    return this.#due
  }

  /** What is pending, for command pumps. */
  get pending(): PendingCommandsPort {
    return new InMemoryPendingCommands(this.#rows, this.#clock)
  }

  /** Commands that stand when `commit` is called, together with whatever else it is part of. */
  begin(): InMemoryCommandQueue {
    return new InMemoryCommandQueue(this.table, this.#clock, (queued) => this.#prepare(queued))
  }

  /** A row as a client writes it that knows nothing of Cairn: only its tenant, type and payload, say. */
  insert(row: Pick<RawCommand, 'tenantId' | 'type' | 'payload'> & Partial<RawCommand>): string {
    const { id = randomUUID(), tenantId, type, aggregateType, aggregateId, payload, metadata = {} } = row
    this.#put({ id, tenantId, type, aggregateType, aggregateId, payload: JSON.stringify(payload), metadata: JSON.stringify(metadata) })
    return id
  }

  async upsert(command: Command, options: { readonly dueAt?: Date | undefined } = {}): Promise<StoredCommand> {
    return toStoredCommand(this.#upsert({ command, dueAt: options.dueAt }))
  }

  async handOver(command: Command): Promise<StoredCommand> {
    const row = this.#upsert({ command, dueAt: undefined })
    if (row.status !== 'pending') return toStoredCommand(row)
    const stored = this.#move(row, 'consumed')
    row.owner = elsewhere
    return stored
  }

  #upsert(queued: QueuedCommand): CommandRow {
    const prepared = this.#prepare(queued)
    const { tenantId, id } = queued.command
    this.table.assertFits(tenantId, id, prepared.hash)
    return this.#rows.get(rowKey(tenantId, id)) ?? prepared.store()
  }

  /** Checks a command before it is stored. @throws InvalidInputError, PayloadTooLargeError */
  #prepare({ command, dueAt }: QueuedCommand): PreparedCommand {
    assertCommand(command)
    const { id, tenantId, type, aggregateType, aggregateId } = command
    if (dueAt !== undefined) assertTime('dueAt', dueAt)
    const payload = encodePayload(`command ${type}`, command.payload, this.#maxPayloadBytes)
    const metadata = encodeMetadata(`command ${type}`, command.metadata)
    const hash = hashCommand(command)
    const row = { id, tenantId, type, aggregateType, aggregateId, payload, metadata, hash }
    const store = (): CommandRow => {
      const result = this.table.resultOf(row)
      if (result === undefined) return this.#put({ ...row, dueAt: dueAt?.getTime() })
      // It took effect without a row of its own: there is nothing left to do.
      return this.#put({ ...row, status: 'processed', result: JSON.stringify(result) })
    }
    return { hash, store }
  }

  #put(
    row: Pick<CommandRow, 'id' | 'tenantId' | 'type' | 'aggregateType' | 'aggregateId' | 'payload' | 'metadata'> & Partial<CommandRow>,
  ): CommandRow {
    const now = this.#clock.now().getTime()
    const stored: CommandRow = {
      hash: undefined,
      dueAt: undefined,
      status: 'pending',
      attempts: 0,
      result: undefined,
      error: undefined,
      retryAt: undefined,
      owner: undefined,
      createdAt: now,
      updatedAt: now,
      ...row,
      id: row.id.toLowerCase(),
      number: ++this.#stored,
    }
    this.#rows.set(rowKey(row.tenantId, row.id), stored)
    return stored
  }

  async claim(tenantId: string, limit: number): Promise<readonly StoredCommand[]> {
    assertTenantId(tenantId)
    assertWholeNumber('limit', limit, 1, 1_000)
    const now = this.#clock.now().getTime()
    const pending = [...this.#rows.values()].filter((row) => row.tenantId === tenantId && isDue(row, now)).toSorted(inOrder)
    return pending.slice(0, limit).map((row) => this.#move(row, 'consumed'))
  }

  async markStatus(tenantId: string, id: string, change: StatusChange): Promise<StoredCommand> {
    const row = this.#find(tenantId, id)
    const result = change.status === 'processed' ? this.#encodeResult(id, change.result) : undefined
    const error = change.status === 'failed' ? encodePayload(`the error of command ${id}`, change.error, this.#maxPayloadBytes) : undefined
    if (row === undefined) throw new IllegalStatusError(id, undefined, change.status)
    const allowed = commandStatusMoves[row.status].includes(change.status) && (change.status !== 'failed' || !this.table.hasEffect(row))
    if (!allowed) throw new IllegalStatusError(id, row.status, change.status)
    row.result = result
    row.error = error
    return this.#move(row, change.status)
  }

  async withdraw(tenantId: string, id: string): Promise<boolean> {
    const row = this.#find(tenantId, id)
    if (row === undefined || !this.table.isWaiting(row)) return false
    row.error = JSON.stringify(cancelled)
    this.#move(row, 'failed')
    return true
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

  /** The command has taken effect in the log: where it had ended as failed, it did not fail. @internal */
  tookEffect(tenantId: string, { id, hash }: CommandReceipt): void {
    const row = this.#rows.get(rowKey(tenantId, id))
    if (row?.status !== 'failed' || row.hash !== hash) return
    row.error = undefined
    this.#move(row, 'processed')
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    const row = this.#find(tenantId, id)
    if (row === undefined) return false
    if (commandStatusMoves[row.status].length > 0) throw new IllegalStatusError(id, row.status, 'deleted')
    // The id is free then, also where it took effect.
    this.table.receipts.delete(rowKey(tenantId, id))
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
    row.owner = undefined
    row.retryAt = undefined
    row.updatedAt = this.#clock.now().getTime()
    return toStoredCommand(row)
  }

  #encodeResult(id: string, result: unknown): string | undefined {
    return result === undefined ? undefined : encodePayload(`the result of command ${id}`, result, this.#maxPayloadBytes)
  }
}
