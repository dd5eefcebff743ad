import {
  assertStreamKey,
  assertUuid,
  commandFailure,
  encodeMetadata,
  encodePayload,
  hashCommand,
  type Command,
  type CommandOutcome,
  type CommandWorkerInfo,
  type DueCommandsPort,
  type RawCommand,
  type RefusedCommand,
} from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { assertLimit } from '../read/read-log.ts'
import { claimDue, type ClaimedCommands } from './claim-due.ts'

type RawRow = readonly [
  id: string,
  tenantId: string,
  type: string,
  aggregateType: string | null,
  aggregateId: string | null,
  payload: unknown,
  metadata: unknown,
]

const Done = z.object({ done: z.unknown() })
const Count = z.object({ count: z.int() })
const Raw = z.object({ commands: z.array(z.custom<RawRow>()).nullable() })
const Unknown = z.object({ commands: z.array(z.tuple([z.string(), z.string(), z.string()])).nullable() })

/** The due commands of all tenants, as the worker role. Every call is one statement. */
export class PgDueCommands implements DueCommandsPort {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  async beat({ id, label, types }: CommandWorkerInfo, leaseMs: number, unownedAfterMs?: number): Promise<number> {
    const { count } = await this.#again(
      sql.prepared(this.#name('worker_beat'), Count)`
        select ${this.#function('worker_beat')}(${id}, ${label}, ${textArray(types)}::text[], ${leaseMs}::int, ${unownedAfterMs ?? null}::bigint) as count`,
    )
    return count
  }

  async leave(workerId: string): Promise<void> {
    await this.#again(sql.type(Done)`select ${this.#function('worker_leave')}(${workerId})::text as done`)
  }

  /** Sent once: a claim whose answer was lost leaves its commands with the worker, until it has not lived for its lease. */
  async claimDue(worker: CommandWorkerInfo, limit: number): Promise<ClaimedCommands> {
    assertLimit(limit, 1_000)
    const { gates, pools } = this.#db
    return retryWhileUnavailable('claiming commands', 0, () =>
      gates.worker.run(() => claimDue(pools.worker, this.#db.schema, worker, limit)),
    )
  }

  async raw(types: readonly string[], limit: number): Promise<readonly RawCommand[]> {
    assertLimit(limit, 1_000)
    const { commands } = await this.#again(
      sql.type(Raw)`select ${this.#function('raw_commands')}(${textArray(types)}::text[], ${limit}::int) as commands`,
    )
    return (commands ?? []).map(([id, tenantId, type, aggregateType, aggregateId, payload, metadata]) => ({
      id,
      tenantId,
      type,
      aggregateType: aggregateType ?? undefined,
      aggregateId: aggregateId ?? undefined,
      payload,
      metadata,
    }))
  }

  async admit(commands: readonly Command[]): Promise<readonly RefusedCommand[]> {
    const unfit: RefusedCommand[] = []
    const texts = commands.flatMap((command) => {
      try {
        return this.#admitted(command)
      } catch (error) {
        unfit.push({ tenantId: command.tenantId, id: command.id, error: commandFailure(error) })
        return []
      }
    })
    if (texts.length > 0)
      await this.#again(sql.type(Done)`select ${this.#function('admit_commands')}(${`[${texts.join(',')}]`}::jsonb)::text as done`)
    return unfit
  }

  /** @throws InvalidInputError, PayloadTooLargeError */
  #admitted(command: Command): string {
    const { tenantId, id, type, aggregateType, aggregateId } = command
    assertStreamKey(command)
    assertUuid('command id', id)
    const names = [tenantId, id, hashCommand(command), aggregateType, aggregateId].map((name) => JSON.stringify(name)).join(',')
    const payload = encodePayload(`command ${type}`, command.payload, this.#db.options.maxPayloadBytes)
    return `[${names},${payload},${encodeMetadata(`command ${type}`, command.metadata)}]`
  }

  async refuse(commands: readonly RefusedCommand[]): Promise<void> {
    if (commands.length === 0) return
    const texts = commands.map(({ tenantId, id, error }) => `[${JSON.stringify(tenantId)},"${id}",${failureText(error)}]`)
    await this.#again(sql.type(Done)`select ${this.#function('refuse_commands')}(${`[${texts.join(',')}]`}::jsonb)::text as done`)
  }

  async unknown(graceMs: number, limit: number): Promise<readonly Pick<RawCommand, 'id' | 'tenantId' | 'type'>[]> {
    assertLimit(limit, 1_000)
    const { commands } = await this.#again(
      sql.type(Unknown)`select ${this.#function('unknown_commands')}(${graceMs}::bigint, ${limit}::int) as commands`,
    )
    return (commands ?? []).map(([id, tenantId, type]) => ({ id, tenantId, type }))
  }

  async settle(workerId: string, outcomes: readonly CommandOutcome[]): Promise<void> {
    if (outcomes.length === 0) return
    const texts = outcomes.map((outcome) => {
      const { tenantId, id, status } = outcome
      const limit = this.#db.options.maxPayloadBytes
      const result =
        outcome.status === 'processed' && outcome.result !== undefined ? encodePayload('a result', outcome.result, limit) : 'null'
      const error = 'error' in outcome ? failureText(outcome.error) : 'null'
      return `[${JSON.stringify(tenantId)},"${id}","${status}",${result},${error},${'afterMs' in outcome ? Math.max(0, Math.round(outcome.afterMs)) : 0}]`
    })
    await this.#again(
      sql.prepared(this.#name('settle_commands'), Count)`
        select ${this.#function('settle_commands')}(${workerId}, ${`[${texts.join(',')}]`}::jsonb) as count`,
    )
  }

  #function(name: string) {
    return sql.identifier([this.#db.schema, name])
  }

  #name(name: string): string {
    return `${this.#db.schema}_${name}`
  }

  /** For what may be sent again: what it did the first time it finds done. */
  #again<S extends z.ZodType>(query: QuerySqlToken<S>) {
    const { gates, pools, options } = this.#db
    return retryWhileUnavailable('the commands', options.retryForMs, () => gates.worker.run(() => pools.worker.one(query)))
  }
}

/** Texts of others' errors may hold what jsonb does not take. */
function failureText(error: unknown): string {
  return JSON.stringify(error, (_, value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '\ufffd').toWellFormed() : value))
}
