import { uuidv7 } from '@cairn/core'
import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import type { AppSession } from '../support/app-session.ts'
import { aggregateType, eventTypes } from '../support/events.ts'
import type { PgDatabase } from '@cairn/infra/pg'
import type { Ledger } from './ledger.ts'

const perCall = 200
const streams = 20
const tenant = 'long'

export interface LongTransaction {
  readonly appends: number
  /** The most advisory locks that its backend held. More than one, and 20,000 appends would fill the server's lock table. */
  readonly advisoryLocks: number
  readonly allLocks: number
}

/** Appends one event after the other, each by a call of append_one of its own, in one transaction, and counts its locks from outside. */
export async function appendInOneTransaction(
  session: AppSession,
  admin: Client,
  signer: PgDatabase['signer'],
  schema: string,
  appends: number,
  ledger: Ledger,
): Promise<LongTransaction> {
  const pid = await session.pid()
  const context = signer.sign([tenant])
  const ids: string[] = []
  let [advisoryLocks, allLocks] = [0, 0]
  await session.run('begin')
  try {
    while (ids.length < appends) {
      const batch = Array.from({ length: Math.min(perCall, appends - ids.length) }, () => uuidv7())
      const { rows } = await session.client.query<{ outcome: number }>({
        name: 'long_transaction',
        text: `select a.outcome
                 from unnest($3::uuid[]) with ordinality x(id, i),
                      lateral ${schema}.append_one($1, $2, '${tenant}', '${aggregateType}', 'long-' || x.i % ${streams}, -1, 0, '{}', '{}', '{}', '{}', '{}',
                        array[x.id], array['${eventTypes[0]}'], '{}', '{"schemaVersion":1}', null, null, null) a`,
        values: [context.text, context.signature, batch],
      })
      if (rows.length !== batch.length || rows.some((row) => row.outcome !== 1))
        throw new Error('An append of the long transaction was refused.')
      ids.push(...batch)
      const held = await only<{ advisory: number; all: number }>(
        admin,
        `select count(*) filter (where locktype = 'advisory')::int as advisory, count(*)::int as all from pg_locks where pid = $1`,
        [pid],
      )
      advisoryLocks = Math.max(advisoryLocks, held.advisory)
      allLocks = Math.max(allLocks, held.all)
    }
    await session.run('commit')
  } catch (error) {
    await session.run('rollback')
    throw error
  }
  ledger.commit(ids)
  return { appends: ids.length, advisoryLocks, allLocks }
}
