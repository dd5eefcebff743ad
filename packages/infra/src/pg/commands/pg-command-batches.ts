import {
  assertCommand,
  CommandIdReusedError,
  encodeMetadata,
  encodePayload,
  hashCommand,
  type Command,
  type StatusChange,
  type StoredCommand,
} from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { plainArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { hashOfRow, toStoredCommand, type CommandRow } from './command-row.ts'

const Many = z.object({ commands: z.array(z.custom<CommandRow>()).nullable() })
const Moved = z.object({ moved: z.int() })

/** The rows of several commands of one tenant, one round trip for all. */
export class PgCommandBatches {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  /**
   * Stores commands as pending, and answers each with its row, or with what is wrong with it. One that is not legal does not
   * disturb the others.
   */
  async upsert(commands: readonly Command[]): Promise<readonly (StoredCommand | Error)[]> {
    const [first] = commands
    if (first === undefined) return []
    const { tenantId } = first
    const encoded = commands.map((command) => this.#encode(command, tenantId))
    const texts = encoded.flatMap((one) => (one instanceof Error ? [] : [one.text]))
    const { text, signature } = this.#db.signer.sign([tenantId])
    const rows =
      texts.length === 0
        ? new Map<string, CommandRow>()
        : await this.#rows(
            sql.type(Many)`
              select ${this.#function('commands_upsert')}(${text}, ${signature}, ${tenantId}, ${`[${texts.join(',')}]`}::jsonb) as commands`,
          )
    return encoded.map((one) => {
      if (one instanceof Error) return one
      const row = rows.get(one.id)
      return row === undefined || hashOfRow(row) !== one.hash ? new CommandIdReusedError(tenantId, one.id) : toStoredCommand(row)
    })
  }

  /** Marks those consumed that are pending, counting an attempt, and returns all as they are then, in the order of the ids. */
  async take(tenantId: string, ids: readonly string[]): Promise<readonly (StoredCommand | undefined)[]> {
    return this.#byIds('commands_take', tenantId, ids)
  }

  async load(tenantId: string, ids: readonly string[]): Promise<readonly (StoredCommand | undefined)[]> {
    return this.#byIds('commands_get', tenantId, ids)
  }

  /** Changes statuses. A row that does not allow the move stays as it is: somebody else was first. */
  async finish(tenantId: string, changes: readonly { readonly id: string; readonly change: StatusChange }[]): Promise<void> {
    if (changes.length === 0) return
    const limit = this.#db.options.maxPayloadBytes
    const texts = changes.map(({ id, change }) => {
      const result =
        change.status === 'processed' && change.result !== undefined ? encodePayload('a command result', change.result, limit) : 'null'
      const error = change.status === 'failed' ? encodePayload('a command failure', change.error, limit) : 'null'
      return `["${id}","${change.status}",${result},${error}]`
    })
    const { text, signature } = this.#db.signer.sign([tenantId])
    await this.#ask(
      sql.type(Moved)`
        select ${this.#function('commands_finish')}(${text}, ${signature}, ${tenantId}, ${`[${texts.join(',')}]`}::jsonb) as moved`,
    )
  }

  #encode(command: Command, tenantId: string): { readonly id: string; readonly hash: string; readonly text: string } | Error {
    try {
      assertCommand(command)
      const { id, type, aggregateType, aggregateId } = command
      if (command.tenantId !== tenantId) throw new Error('Commands of several tenants in one batch.')
      const payload = encodePayload(`command ${type}`, command.payload, this.#db.options.maxPayloadBytes)
      const metadata = encodeMetadata(`command ${type}`, command.metadata)
      const hash = hashCommand(command)
      const names = [id, hash, type, aggregateType, aggregateId].map((name) => JSON.stringify(name)).join(',')
      return { id: id.toLowerCase(), hash, text: `[${names},${payload},${metadata}]` }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  async #byIds(
    name: 'commands_take' | 'commands_get',
    tenantId: string,
    ids: readonly string[],
  ): Promise<readonly (StoredCommand | undefined)[]> {
    if (ids.length === 0) return []
    const { text, signature } = this.#db.signer.sign([tenantId])
    const rows = await this.#rows(
      sql.type(Many)`select ${this.#function(name)}(${text}, ${signature}, ${tenantId}, ${plainArray(ids)}::uuid[]) as commands`,
    )
    return ids.map((id) => {
      const row = rows.get(id.toLowerCase())
      return row === undefined ? undefined : toStoredCommand(row)
    })
  }

  async #rows(query: QuerySqlToken<typeof Many>): Promise<ReadonlyMap<string, CommandRow>> {
    const { commands } = await this.#ask(query)
    return new Map((commands ?? []).map((row) => [row[0], row]))
  }

  #function(name: string) {
    return sql.identifier([this.#db.schema, name])
  }

  /** Every call may run again: the second time changes nothing, or what it changed the first time stands. */
  #ask<S extends z.ZodType>(query: QuerySqlToken<S>) {
    const { gates, pools, options } = this.#db
    return retryWhileUnavailable('the command store', options.retryForMs, () => gates.read.run(() => pools.read.one(query)))
  }
}
