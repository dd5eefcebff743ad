import {
  commandFailure,
  encodeMetadata,
  encodePayload,
  hashCommand,
  type ClockPort,
  type Command,
  type CommandOutcome,
  type CommandWorkerInfo,
  type DueCommandsPort,
  type RawCommand,
  type RefusedCommand,
  type StoredCommand,
} from '@cairn/core'
import { assertWholeNumber } from '../assert-whole-number.ts'
import { toStoredCommand, type CommandRow } from '../command-row.ts'
import type { CommandTable } from './command-table.ts'
import { aggregateOf, elsewhere, inOrder, isDue, rowKey, timeOf, type CommandRows } from './rows.ts'

const dayMs = 86_400_000

/** Several workers on one store are several processes on one database. Every method runs to its end without awaiting. */
export class InMemoryDueCommands implements DueCommandsPort {
  readonly #table: CommandTable
  readonly #rows: CommandRows
  readonly #clock: ClockPort
  readonly #maxPayloadBytes: number
  readonly #workers = new Map<string, { readonly types: readonly string[]; readonly expiresAt: number }>()

  constructor(table: CommandTable, clock: ClockPort, maxPayloadBytes: number) {
    this.#table = table
    this.#rows = table.rows
    this.#clock = clock
    this.#maxPayloadBytes = maxPayloadBytes
  }

  async beat({ id, types }: CommandWorkerInfo, leaseMs: number, unownedAfterMs = Number.POSITIVE_INFINITY): Promise<number> {
    const now = this.#now()
    this.#workers.set(id, { types: [...types], expiresAt: now + leaseMs })
    for (const [key, { expiresAt }] of this.#workers) if (expiresAt < now - dayMs) this.#workers.delete(key)
    let given = 0
    for (const row of this.#rows.values()) {
      if (row.status !== 'consumed' || row.owner === elsewhere) continue
      if (row.owner === undefined ? now - row.updatedAt < unownedAfterMs : (this.#workers.get(row.owner)?.expiresAt ?? 0) > now) continue
      this.#change(row, { status: 'pending', owner: undefined })
      given++
    }
    return given
  }

  async leave(workerId: string): Promise<void> {
    const worker = this.#workers.get(workerId)
    const now = this.#now()
    // What it knew counts until the grace of its types is over.
    if (worker !== undefined && worker.expiresAt > now) this.#workers.set(workerId, { ...worker, expiresAt: now })
  }

  async claimDue(
    { id, types }: CommandWorkerInfo,
    limit: number,
  ): Promise<{ readonly commands: readonly StoredCommand[]; readonly raw: boolean }> {
    assertWholeNumber('limit', limit, 1, 1_000)
    const now = this.#now()
    const known = new Set(types)
    const held = new Set<string>()
    for (const row of this.#rows.values()) {
      if ((row.status === 'consumed' && row.owner !== elsewhere) || (row.status === 'pending' && (row.retryAt ?? 0) > now))
        held.add(aggregateOf(row))
    }
    const taken: CommandRow[] = []
    for (const row of [...this.#rows.values()].filter((one) => isDue(one, now)).toSorted(inOrder)) {
      if (taken.length === limit) break
      if (held.has(aggregateOf(row))) continue
      if (known.has(row.type)) taken.push(row)
      else held.add(aggregateOf(row))
    }
    for (const row of taken) {
      row.attempts++
      this.#change(row, { status: 'consumed', owner: id, retryAt: undefined })
    }
    return { commands: taken.map(toStoredCommand), raw: this.#raw(now).length > 0 }
  }

  async raw(types: readonly string[], limit: number): Promise<readonly RawCommand[]> {
    assertWholeNumber('limit', limit, 1, 1_000)
    return this.#raw(this.#now())
      .filter(({ type }) => types.includes(type))
      .slice(0, limit)
      .map(({ id, tenantId, type, aggregateType, aggregateId, payload, metadata }) => ({
        id,
        tenantId,
        type,
        aggregateType,
        aggregateId,
        payload: JSON.parse(payload) as unknown,
        metadata: JSON.parse(metadata) as unknown,
      }))
  }

  async admit(commands: readonly Command[]): Promise<readonly RefusedCommand[]> {
    return commands.flatMap((command) => {
      const { id, tenantId, type, aggregateType, aggregateId } = command
      try {
        const payload = encodePayload(`command ${type}`, command.payload, this.#maxPayloadBytes)
        const metadata = encodeMetadata(`command ${type}`, command.metadata)
        const row = this.#rows.get(rowKey(tenantId, id))
        if (row?.status === 'pending' && row.hash === undefined)
          this.#change(row, { aggregateType, aggregateId, hash: hashCommand(command), payload, metadata })
        return []
      } catch (error) {
        return { tenantId, id, error: commandFailure(error) }
      }
    })
  }

  async refuse(commands: readonly RefusedCommand[]): Promise<void> {
    for (const { tenantId, id, error } of commands) {
      const row = this.#rows.get(rowKey(tenantId, id))
      if (row?.status === 'pending' && !this.#table.hasEffect(row))
        this.#change(row, { status: 'failed', error: JSON.stringify(error), retryAt: undefined, hash: row.hash ?? '' })
    }
  }

  async unknown(graceMs: number, limit: number): Promise<readonly Pick<RawCommand, 'id' | 'tenantId' | 'type'>[]> {
    const now = this.#now()
    const known = new Set([...this.#workers.values()].filter(({ expiresAt }) => expiresAt > now - graceMs).flatMap(({ types }) => types))
    return [...this.#rows.values()]
      .filter((row) => row.status === 'pending' && timeOf(row) <= now - graceMs && !known.has(row.type))
      .slice(0, limit)
      .map(({ id, tenantId, type }) => ({ id, tenantId, type }))
  }

  async settle(workerId: string, outcomes: readonly CommandOutcome[]): Promise<void> {
    const now = this.#now()
    // All of them or none, as one statement does.
    const encoded = outcomes.map((outcome) => ({
      outcome,
      result:
        outcome.status === 'processed' && outcome.result !== undefined
          ? encodePayload('a result', outcome.result, this.#maxPayloadBytes)
          : undefined,
      error: 'error' in outcome ? JSON.stringify(outcome.error) : undefined,
    }))
    for (const { outcome, result, error } of encoded) {
      const row = this.#rows.get(rowKey(outcome.tenantId, outcome.id))
      if (row?.status !== 'consumed' || row.owner !== workerId) continue
      const { status } = outcome
      if (status === 'handed') {
        this.#change(row, { owner: elsewhere })
        continue
      }
      if (status === 'failed' && this.#table.hasEffect(row)) {
        this.#change(row, { status: 'processed', owner: undefined, retryAt: undefined, result: undefined, error: undefined })
        continue
      }
      const again = status === 'retry' || status === 'returned'
      if (status === 'returned') row.attempts--
      this.#change(row, {
        status: again ? 'pending' : status,
        owner: undefined,
        retryAt: 'afterMs' in outcome && outcome.afterMs > 0 ? now + outcome.afterMs : undefined,
        result,
        error: status === 'returned' ? row.error : error,
      })
    }
  }

  #raw(now: number): readonly CommandRow[] {
    return [...this.#rows.values()]
      .filter((row) => row.status === 'pending' && row.hash === undefined && timeOf(row) <= now)
      .toSorted(inOrder)
  }

  #change(row: CommandRow, change: Partial<CommandRow>): void {
    Object.assign(row, change, { updatedAt: this.#now() })
  }

  #now(): number {
    return this.#clock.now().getTime()
  }
}
