import {
  assertCommand,
  assertTenantId,
  assertUuid,
  CommandIdReusedError,
  encodeMetadata,
  encodePayload,
  hashCommand,
  IllegalStatusError,
  type Command,
  type CommandQuery,
  type CommandStorePort,
  type StatusChange,
  type StoredCommand,
} from '@cairn/core'
import type { FragmentSqlToken, QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { plainArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { assertLimit } from '../read/read-log.ts'
import { hashOfRow, toStoredCommand, type CommandRow } from './command-row.ts'
import { Cancelled } from './pg-command-queue.ts'
import { cancelled, dueAtText } from './queue-json.ts'

const Row = z.custom<CommandRow>()
const One = z.object({ command: Row })
const Many = z.object({ commands: z.array(Row).nullable() })
const Marked = z.object({ moved: z.boolean(), command: Row.nullable() })
const Removed = z.object({ status: z.string().nullable() })

/** Commands as rows of the `commands` table; each change of status is one statement, checked there. */
export class PgCommandStore implements CommandStorePort {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  async upsert(command: Command, options: { readonly dueAt?: Date | undefined } = {}): Promise<StoredCommand> {
    const dueAt = options.dueAt === undefined ? null : dueAtText(options.dueAt)
    return this.#store(
      command,
      (fields) => sql.type(One)`select ${this.#function('command_upsert')}(${fields}, ${dueAt}::timestamptz) as command`,
    )
  }

  handOver(command: Command): Promise<StoredCommand> {
    return this.#store(command, (fields) => sql.type(One)`select ${this.#function('command_hand_over')}(${fields}) as command`)
  }

  async #store(command: Command, query: (fields: FragmentSqlToken) => QuerySqlToken<typeof One>): Promise<StoredCommand> {
    assertCommand(command)
    const { tenantId, id, type, aggregateType, aggregateId } = command
    const payload = encodePayload(`command ${type}`, command.payload, this.#db.options.maxPayloadBytes)
    const metadata = encodeMetadata(`command ${type}`, command.metadata)
    const hash = hashCommand(command)
    const { text, signature } = this.#db.signer.sign([tenantId])
    const fields = sql.fragment`${text}, ${signature}, ${tenantId}, ${id}::uuid, decode(${hash}, 'hex'), ${type}, ${aggregateType},
      ${aggregateId}, ${payload}::jsonb, ${metadata}::jsonb`
    const row = await this.#one(query(fields))
    if (hashOfRow(row.command) !== hash) throw new CommandIdReusedError(tenantId, id)
    return toStoredCommand(row.command)
  }

  async claim(tenantId: string, limit: number): Promise<readonly StoredCommand[]> {
    assertTenantId(tenantId)
    assertLimit(limit, 1_000)
    const { text, signature } = this.#db.signer.sign([tenantId])
    const row = await this.#one(
      sql.type(Many)`select ${this.#function('command_claim')}(${text}, ${signature}, ${tenantId}, ${limit}::int) as commands`,
    )
    return (row.commands ?? []).map(toStoredCommand)
  }

  async markStatus(tenantId: string, id: string, change: StatusChange): Promise<StoredCommand> {
    assertTenantId(tenantId)
    assertUuid('command id', id)
    const { text, signature } = this.#db.signer.sign([tenantId])
    const limit = this.#db.options.maxPayloadBytes
    const result =
      change.status === 'processed' && change.result !== undefined ? encodePayload('a command result', change.result, limit) : null
    const error = change.status === 'failed' ? encodePayload('a command failure', change.error, limit) : null
    const { answer, tries } = await this.#ask(
      sql.type(Marked)`
        select moved, command from ${this.#function('command_mark')}(${text}, ${signature}, ${tenantId}, ${id}::uuid, ${change.status},
          ${result}::jsonb, ${error}::jsonb)`,
    )
    const stored = answer.command === null ? undefined : toStoredCommand(answer.command)
    // On a second try the move may be our own first one, whose answer was lost.
    const moved = answer.moved || (tries > 1 && stored?.status === change.status)
    if (!moved || stored === undefined) throw new IllegalStatusError(id, stored?.status, change.status)
    return stored
  }

  async withdraw(tenantId: string, id: string): Promise<boolean> {
    assertTenantId(tenantId)
    assertUuid('command id', id)
    const { text, signature } = this.#db.signer.sign([tenantId])
    const { answer, tries } = await this.#ask(
      sql.type(Cancelled)`
        select ${this.#function('cancel_own_commands')}(${text}, ${signature}, ${tenantId}, ${plainArray([id])}::uuid[],
          ${cancelled}::jsonb) as cancelled`,
    )
    if (answer.cancelled > 0 || tries === 1) return answer.cancelled > 0
    // On a second try it may have been our own first one, whose answer was lost, that ended it.
    return (await this.getById(tenantId, id))?.error?.code === 'CAIRN_COMMAND_CANCELLED'
  }

  async getById(tenantId: string, id: string): Promise<StoredCommand | undefined> {
    assertUuid('command id', id)
    const [row] = await this.#query({ tenantId, limit: 1 }, id)
    return row
  }

  query(query: CommandQuery): Promise<readonly StoredCommand[]> {
    return this.#query(query, null)
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    assertTenantId(tenantId)
    assertUuid('command id', id)
    const { text, signature } = this.#db.signer.sign([tenantId])
    const { status } = await this.#one(
      sql.type(Removed)`select ${this.#function('command_delete')}(${text}, ${signature}, ${tenantId}, ${id}::uuid) as status`,
    )
    if (status === 'pending' || status === 'consumed') throw new IllegalStatusError(id, status, 'deleted')
    return status !== null
  }

  async #query(query: CommandQuery, id: string | null): Promise<readonly StoredCommand[]> {
    const { tenantId } = query
    assertTenantId(tenantId)
    const limit = query.limit ?? 100
    assertLimit(limit, 1_000)
    if (query.after !== undefined) assertUuid('after', query.after)
    const { text, signature } = this.#db.signer.sign([tenantId])
    const row = await this.#one(
      sql.type(Many)`
        select ${this.#function('command_query')}(${text}, ${signature}, ${tenantId}, ${id}::uuid, ${query.status ?? null}, ${query.type ?? null},
          ${query.aggregateType ?? null}, ${query.aggregateId ?? null}, ${query.after ?? null}::uuid, ${limit}::int) as commands`,
    )
    return (row.commands ?? []).map(toStoredCommand)
  }

  #function(name: string) {
    return sql.identifier([this.#db.schema, name])
  }

  async #one<S extends z.ZodType>(query: QuerySqlToken<S>) {
    const { answer } = await this.#ask(query)
    return answer
  }

  /**
   * Every call may run again: an upsert and a look-up change nothing the second time, `markStatus` looks at the tries. A claim
   * whose answer was lost leaves its commands consumed.
   */
  async #ask<S extends z.ZodType>(query: QuerySqlToken<S>) {
    const { gates, pools, options } = this.#db
    let tries = 0
    const answer = await retryWhileUnavailable('the command store', options.retryForMs, () => {
      tries++
      return gates.read.run(() => pools.read.one(query))
    })
    return { answer, tries }
  }
}
