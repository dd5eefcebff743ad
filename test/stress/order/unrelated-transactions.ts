import { migrate, openPg } from '@cairn/infra/pg'
import { createDatabase } from '@cairn/testing/services'
import { openAdmin, only } from '../support/admin.ts'
import { AppSession } from '../support/app-session.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { eventOf, streamOf } from '../support/events.ts'

/** A second Cairn beside the one under test. */
const besideSchema = 'cairn_beside'

/**
 * Opens, and keeps open, what must never stall a reader of this log: write transactions in this and in another database, an
 * append of a second Cairn schema, and advisory locks of other programs that only look like a writer's.
 */
export async function openUnrelatedTransactions(database: CheckDatabase): Promise<{ close(): Promise<void> }> {
  const endings = new Endings()
  try {
    await openAppendBeside(database, endings)

    const here = endings.add(await openAdmin(database.url), (client) => client.end())
    const { oid } = await only<{ oid: string }>(here, `select '${database.schema}.event_positions'::regclass::oid::text as oid`)
    await here.query('create table unrelated (text text)')
    await here.query('begin')
    await here.query(`insert into unrelated values ('open the whole time')`)
    // One key of 64 bits, whose upper half is the number that our locks carry; and two keys that are nobody's.
    await here.query(`select pg_advisory_xact_lock_shared((${oid}::bigint << 32) | 1), pg_advisory_xact_lock(4711, 0)`)

    const elsewhere = endings.add(await createDatabase(elsewhereOn(database.url), { prefix: 'cairn_elsewhere' }), ({ drop }) => drop())
    const there = endings.add(await openAdmin(elsewhere.url), (client) => client.end())
    await there.query('begin')
    await there.query('create table unrelated (text text)')
    await there.query(`select pg_advisory_xact_lock_shared(${oid}, 0)`)
    return { close: () => endings.end() }
  } catch (error) {
    await endings.end()
    throw error
  }
}

/** By a database that stays: this one may be gone, with its connections, when the other is dropped. */
function elsewhereOn(url: string): string {
  return Object.assign(new URL(url), { pathname: '/postgres' }).href
}

async function openAppendBeside(database: CheckDatabase, endings: Endings): Promise<void> {
  await migrate({ url: database.url, schema: besideSchema })
  const db = endings.add(await openPg({ url: database.url, schema: besideSchema, roles: 'switch' }), (opened) => opened.close())
  const session = endings.add(await AppSession.open({ ...database, appUrl: database.url }, db.signer, besideSchema), (opened) =>
    opened.close(),
  )
  await session.run('begin')
  await session.mustAppend(streamOf('beside'), [eventOf()])
}
