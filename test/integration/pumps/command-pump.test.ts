import { describe, expect, test } from 'vitest'
import { commandPumpBehaviours } from '../../support/pumps/command-pump-behaviours.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from '../processes/support/pg-stores.ts'

const { database, open } = await pgStores()
const stores = await open()
const { url, schema } = database

describe('a command pump of a real table', () => {
  commandPumpBehaviours(async () => {
    // What an earlier test left pending is none of this one's business.
    await queryOnce(url, `delete from ${schema}.commands`)
    return { stores, pending: stores.pending }
  })
})

test('pages go on one behind the other: admitted rows and raw ones, by time', async () => {
  await queryOnce(url, `delete from ${schema}.commands`)
  await queryOnce(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload, hash, created_at)
     select 'acme', 't-' || i, '{}', case when i % 3 = 0 then null else '\\xab'::bytea end, now() - (30 - i) * interval '1 second'
       from generate_series(1, 25) i`,
  )
  await queryOnce(url, `insert into ${schema}.commands (tenant_id, type, due_at) values ('acme', 'later', now() + interval '1 hour')`)
  const seen: string[] = []
  let after: string | undefined
  for (;;) {
    const page = await stores.pending.pending(4, after)
    expect(page.commands.length).toBeLessThanOrEqual(4)
    for (const { type, command } of page.commands) seen.push(command === undefined ? `${type} raw` : type)
    if (page.after === undefined) break
    after = page.after
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => ((i + 1) % 3 === 0 ? `t-${i + 1} raw` : `t-${i + 1}`)))
})
