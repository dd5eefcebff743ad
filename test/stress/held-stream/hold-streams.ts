import type { StreamKey } from '@cairn/core'
import type { PgDatabase } from '@cairn/infra/pg'
import { openAdmin } from '../support/admin.ts'
import { AppSession } from '../support/app-session.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { eventOf } from '../support/events.ts'

/** How a foreign transaction holds streams: their rows are locked, or it has created them and not committed. */
export const holdKinds = ['row', 'creation'] as const
export type HoldKind = (typeof holdKinds)[number]

export interface Hold {
  /** Events that the foreign transaction leaves in each stream. */
  readonly left: number
  release(): Promise<void>
}

export async function holdStreams(
  database: CheckDatabase,
  signer: PgDatabase['signer'],
  kind: HoldKind,
  streams: readonly StreamKey[],
): Promise<Hold> {
  return kind === 'row' ? holdRows(database, streams) : holdCreations(database, signer, streams)
}

async function holdRows(database: CheckDatabase, streams: readonly StreamKey[]): Promise<Hold> {
  const client = await openAdmin(database.url)
  await client.query('begin')
  const { rowCount } = await client.query(`select from ${database.schema}.streams where aggregate_id = any ($1) for update`, [
    streams.map((stream) => stream.aggregateId),
  ])
  if (rowCount !== streams.length) throw new Error(`${rowCount} streams were locked instead of ${streams.length}.`)
  return {
    left: 0,
    async release() {
      await client.query('rollback')
      await client.end()
    },
  }
}

async function holdCreations(database: CheckDatabase, signer: PgDatabase['signer'], streams: readonly StreamKey[]): Promise<Hold> {
  const session = await AppSession.open(database, signer)
  await session.run('begin')
  for (const stream of streams) await session.mustAppend(stream, [eventOf()])
  return {
    left: 1,
    async release() {
      await session.run('commit')
      await session.close()
    },
  }
}
