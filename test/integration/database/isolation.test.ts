import { openPg, PgEventStore, type PgDatabase } from '@cairn/infra/pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, name, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const tenantId = 'alpha'
const stream = { tenantId, aggregateType: 'thing', aggregateId: '1' }

let db: PgDatabase
let store: PgEventStore

beforeEach(async () => {
  db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  store = new PgEventStore(db)
})

afterEach(async () => {
  await store.drained()
  await db.close()
})

type Call = readonly [statement: string, values: readonly unknown[]]

const empty = (count: number): string => Array.from({ length: count }, () => `'{}'`).join(', ')

/** Every function whose work is wrong unless each of its statements sees what committed before it. */
function calls(): { readonly app: readonly Call[]; readonly worker: readonly Call[] } {
  const { text, signature } = db.signer.sign([tenantId])
  const inContext = (call: string): Call => [`select ${schema}.${call}`, [text, signature]]
  const horizon: Call = [`select ${schema}.horizon()`, []]
  return {
    app: [
      inContext(`append_one($1, $2, 'alpha', 'thing', '1', -1, 0, ${empty(9)}, null, null, null)`),
      inContext(`append_many($1, $2, '{1}', '{thing}', '{1}', '{-1}', '{0}', false, ${empty(18)})`),
      inContext(`read_tenant_log($1, $2, 'alpha', 0, 10, null)`),
      inContext(`query_events($1, $2, 'alpha', null, null, null, null, null, null, null, null, null, null, false, 10)`),
      horizon,
    ],
    worker: [[`select ${schema}.read_log(0, 10, null, null)`, []], horizon],
  }
}

async function states(login: string, isolation: string, list: readonly Call[]): Promise<readonly string[]> {
  const session = await AppSession.open(login)
  const found: string[] = []
  for (const [statement, values] of list) {
    await session.rows(`begin isolation level ${isolation}`)
    found.push(await session.try(statement, values))
    await session.rows('rollback')
  }
  await session.close()
  return found
}

describe('functions that append, or read up to the horizon,', () => {
  test.each(['repeatable read', 'serializable'])('refuse a %s transaction', async (isolation) => {
    const { app, worker } = calls()
    expect(await states(appUrl, isolation, app)).toEqual(app.map(() => 'ZC002'))
    expect(await states(workerUrl, isolation, worker)).toEqual(worker.map(() => 'ZC002'))
  })

  test('serve a read committed one: the calls themselves are right', async () => {
    const { app, worker } = calls()
    expect(await states(appUrl, 'read committed', app)).toEqual(app.map(() => '00000'))
    expect(await states(workerUrl, 'read committed', worker)).toEqual(worker.map(() => '00000'))
  })
})

test.each(['repeatable read', 'serializable'])(
  'logins that start %s after the boot make typed errors, and nothing is stored',
  async (isolation) => {
    const logins = [appUrl, workerUrl].map((address) => new URL(address).username)
    for (const login of logins)
      await queryOnce(url, `alter role ${login} in database "${name}" set default_transaction_isolation = '${isolation}'`)
    try {
      const refused = {
        code: 'CAIRN_UNSAFE_DATABASE',
        retryable: false,
        message: expect.stringMatching(/READ COMMITTED.*default_transaction_isolation/),
      }
      const append = { stream, expected: 'any', events: [markedEvent('x')] } as const
      await expect(store.append(append)).rejects.toMatchObject(refused)
      const two = ['2', '3'].map((aggregateId) => store.append({ ...append, stream: { ...stream, aggregateId } }))
      for (const result of await Promise.allSettled(two)) expect(result).toMatchObject({ status: 'rejected', reason: refused })
      await expect(store.transaction(tenantId, async (tx) => tx.append(append))).rejects.toMatchObject(refused)
      await expect(store.readAll()).rejects.toMatchObject(refused)
      await expect(store.readAll({ tenantId })).rejects.toMatchObject(refused)
      await expect(store.query({ tenantId })).rejects.toMatchObject(refused)
    } finally {
      for (const login of logins) await queryOnce(url, `alter role ${login} in database "${name}" reset default_transaction_isolation`)
    }
    expect(await queryOnce(url, `select 1 from ${schema}.events union all select 1 from ${schema}.streams`)).toEqual([])
  },
)
