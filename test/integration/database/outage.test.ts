import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@cairn/infra/embedded'
import { migrate, openPg, PgCommandStore, PgEventStore, sql, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { createLogins } from '../../support/test-logins.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const home = await mkdtemp(join(tmpdir(), 'cairn-outage-'))
const dataDir = join(home, 'data')
let server = await startEmbeddedPostgres({ dataDir })
const { port } = server
const tenantId = 'alpha'
/** A second and a half on a machine that does nothing else; calls that were retried for as long as by default would take 15 s. */
const boundMs = 14_000
const streamOf = (aggregateId: string) => ({ tenantId, aggregateType: 'thing', aggregateId })
const metadata = { correlationId: 'x', causationId: 'x', schemaVersion: 1 }

let address: { readonly url: string; readonly workerUrl: string; readonly contextKey: string }
let db: PgDatabase
let store: PgEventStore

const goDown = (): Promise<void> => server.stop()
const comeBack = async (): Promise<void> => {
  server = await startEmbeddedPostgres({ dataDir, port })
}

async function open(retryForMs: number): Promise<void> {
  db = await openPg({ ...address, retryForMs, acquireTimeoutMs: Math.max(5_000, retryForMs) })
  store = new PgEventStore(db)
}

beforeAll(async () => {
  const { contextKey, schema } = await migrate({ url: server.url })
  const { logins } = await createLogins(server.url, schema)
  const urlOf = ({ user: username, password }: (typeof logins)['app']) => Object.assign(new URL(server.url), { username, password }).href
  address = { url: urlOf(logins.app), workerUrl: urlOf(logins.worker), contextKey }
})

beforeEach(() => open(1_000))

afterEach(async () => {
  await store.drained()
  await db.close()
})

afterAll(async () => {
  await server.stop()
  await rm(home, { recursive: true, force: true })
})

const append = (aggregateId: string) => store.append({ stream: streamOf(aggregateId), expected: 'any', events: [markedEvent('x')] })

/** Every kind of call. */
function calls(): Readonly<Record<string, Promise<unknown>>> {
  const stream = streamOf('all')
  const commands = new PgCommandStore(db)
  const id = randomUUID()
  return {
    'an append': append('all'),
    'a batch of appends': Promise.all(['b1', 'b2', 'b3'].map(append)),
    'a load': store.load(stream),
    'a stream': Array.fromAsync(store.readStream(stream)),
    'the log': store.readAll(),
    'a tenant’s log': store.readAll({ tenantId }),
    'a query': store.query({ tenantId }),
    'a count': store.countByType(tenantId),
    'a look-up of streams': store.existsAll([stream]),
    'a look-up of a command': store.resultOf(tenantId, { id: randomUUID(), hash: 'ab'.repeat(32) }),
    'closing a stream': store.close(streamOf('closing')),
    'a command': commands.upsert({ ...stream, id, type: 'thing.change', payload: {}, metadata }),
    'a claim': commands.claim(tenantId, 1),
    'a transaction': store.transaction(tenantId, async (tx) => tx.append({ stream, expected: 'any', events: [markedEvent('x')] })),
    'users’ SQL': withTenant(db, tenantId, (connection) => connection.query(sql.unsafe`select 1`)),
  }
}

/** How each call ended: the code of its error, or 'none'. */
function outcomesOf(
  asked: Readonly<Record<string, Promise<unknown>>>,
): Promise<readonly { readonly what: string; readonly code: unknown }[]> {
  return Promise.all(
    Object.entries(asked).map(([what, call]) =>
      call.then(
        () => ({ what, code: 'none' }),
        (error: unknown) => ({ what, code: error instanceof Error && 'code' in error ? error.code : String(error) }),
      ),
    ),
  )
}

async function counts(): Promise<unknown> {
  return queryOnce(
    server.url,
    'select (select count(*)::int from cairn.events) as events, (select count(*)::int from cairn.commands) as commands',
  )
}

describe('while the database is away', () => {
  test('every call fails with a retryable error within a bounded time, and nothing was stored', async () => {
    // Connections that were good once.
    await append('closing')
    await Promise.all(Object.values(calls()))
    await store.drained()
    const before = await counts()
    await goDown()
    const started = performance.now()
    const outcomes = await outcomesOf(calls())
    const took = performance.now() - started
    await comeBack()
    expect(outcomes.filter(({ code }) => code !== 'CAIRN_DATABASE_UNAVAILABLE')).toEqual([])
    expect(took).toBeLessThan(boundMs)
    expect(await counts()).toEqual(before)
  })

  test('a crowd of callers gets its answer in the same time', async () => {
    await append('crowd')
    await goDown()
    const started = performance.now()
    const outcomes = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => append(`crowd-${i}`)))
    const took = performance.now() - started
    await comeBack()
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { retryable: true } })
    expect(took).toBeLessThan(boundMs)
  })

  test('a start is refused at once', async () => {
    await goDown()
    await expect(openPg(address)).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
    await comeBack()
  })
})

describe('when the database comes back', () => {
  test('the same pools serve every call, without a restart', async () => {
    await goDown()
    await Promise.allSettled(Object.values(calls()))
    await comeBack()
    expect((await outcomesOf(calls())).filter(({ code }) => code !== 'none')).toEqual([])
  })

  test('before the time for retries is over, no caller has noticed', async () => {
    await store.drained()
    await db.close()
    await open(30_000)
    await append('patient')
    await goDown()
    const { 'users’ SQL': sqlCall, 'a transaction': transaction, 'closing a stream': closing, ...retried } = calls()
    const gone = Promise.allSettled([sqlCall, transaction, closing])
    const answers = outcomesOf(retried)
    await comeBack()
    expect((await answers).filter(({ code }) => code !== 'none')).toEqual([])
    // Users' work may not be safe to run twice: it is for them to say.
    await gone
  })

  test('what was under way when it went is there once and whole, or not at all and its caller was told', async () => {
    await store.drained()
    await db.close()
    await open(500)
    const asked: { readonly id: string; readonly outcome: Promise<unknown> }[] = []
    const writeUntilRefused = async (n: number): Promise<unknown> => {
      for (let i = 0; ; i++) {
        const id = `crash-${n}-${i}`
        const command = { id: randomUUID(), hash: 'cd'.repeat(32) }
        const sent = store.append({ stream: streamOf(id), expected: 0, events: [markedEvent('x'), markedEvent('x')], command })
        const outcome = sent.then(
          () => 'stored',
          (error: unknown) => error,
        )
        asked.push({ id, outcome })
        const answer = await outcome
        if (answer !== 'stored') return answer
      }
    }
    const writers = Array.from({ length: 40 }, (_, n) => writeUntilRefused(n))
    while (asked.length < 400) await append('warm')
    await goDown()
    for (const refused of await Promise.all(writers)) expect(refused).toMatchObject({ retryable: true })
    await comeBack()
    const rows = await queryOnce<{ id: string; versions: number[] }>(
      server.url,
      `select aggregate_id as id, array_agg(version::int order by version) as versions from cairn.events where aggregate_id like 'crash-%' group by 1`,
    )
    const stored = new Map(rows.map(({ id, versions }) => [id, versions]))
    for (const { id, outcome } of asked) {
      const answer = await outcome
      expect({ id, versions: stored.get(id) ?? (answer === 'stored' ? 'lost' : [1, 2]) }).toEqual({ id, versions: [1, 2] })
    }
  })
})
