import { InvalidInputError, type PendingCommandsPort, type PendingPage, type StoredPendingCommand } from '@cairn/core'
import { z } from 'zod'
import { toStoredCommand, type CommandRow } from '../commands/command-row.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { assertLimit } from '../read/read-log.ts'

type PendingRow = readonly [command: CommandRow, raw: boolean, at: string, seq: string | null]

const Page = z.object({ commands: z.array(z.custom<PendingRow>()).nullable() })

/** Pending commands of all tenants, as the worker role. */
export class PgPendingCommands implements PendingCommandsPort {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  async pending(limit: number, after?: string): Promise<PendingPage> {
    assertLimit(limit, 10_000)
    const [at = null, seq = null, id = null] = after === undefined ? [] : placeOf(after)
    const { pools, gates, options, schema } = this.#db
    const { commands } = await retryWhileUnavailable('pending commands', options.retryForMs, () =>
      gates.worker.run(() =>
        pools.worker.one(
          sql.prepared(`${schema}_pending_commands`, Page)`
            select ${sql.identifier([schema, 'pending_commands'])}(${at}::timestamptz, ${seq}::bigint, ${id}::uuid, ${limit}::int) as commands`,
        ),
      ),
    )
    const rows = commands ?? []
    const last = rows.at(-1)
    return { commands: rows.map(toPending), after: last && `${last[2]}/${last[3] ?? 0}/${last[0][0]}` }
  }
}

function placeOf(after: string): readonly string[] {
  const parts = after.split('/')
  if (parts.length !== 3) throw new InvalidInputError('after', `"${after}" is not the end of a page.`)
  return parts
}

function toPending([row, raw]: PendingRow): StoredPendingCommand {
  const [id, tenantId, type, aggregateType, aggregateId, payload, metadata] = row
  const { command, attempts, createdAt } = toStoredCommand(row)
  return {
    id,
    tenantId,
    type,
    status: 'pending',
    attempts,
    createdAt,
    command: raw ? undefined : command,
    raw: { id, tenantId, type, aggregateType: aggregateType ?? undefined, aggregateId: aggregateId ?? undefined, payload, metadata },
  }
}
