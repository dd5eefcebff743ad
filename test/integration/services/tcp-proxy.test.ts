import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import {
  createDatabase,
  providePostgres,
  startTcpProxy,
  type PostgresService,
  type TcpProxy,
  type TestDatabase,
} from '@cairn/testing/services'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'

let server: PostgresService
let database: TestDatabase
let proxy: TcpProxy

beforeAll(async () => {
  server = await providePostgres({ kind: 'embedded', log: () => undefined })
  database = await createDatabase(server.url)
  await queryOnce(database.url, 'create table letters (text text)')
})

beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(server.url).port))
})

afterEach(() => proxy.stop())

afterAll(async () => {
  await database.drop()
  await server.stop()
})

async function connectThroughProxy(): Promise<Client> {
  const client = new Client({ connectionString: proxy.through(database.url) })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

describe('a TCP proxy', () => {
  test('cuts between a COMMIT and its answer: the client sees a broken connection, the row is there', async () => {
    const client = await connectThroughProxy()
    const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('commit'))
    await client.query('begin')
    await client.query(`insert into letters values ('sent')`)
    await expect(client.query('commit')).rejects.toThrow(/terminated|ECONNRESET|ended/)
    await cut
    expect(await queryOnce(database.url, 'select text from letters')).toEqual([{ text: 'sent' }])
    expect(proxy.counters).toMatchObject({ connections: 1, cuts: 1 })
    const again = await connectThroughProxy()
    await again.query('begin')
    await again.query('commit')
    await again.end()
    expect(proxy.counters).toMatchObject({ connections: 2, cuts: 1 })
  })

  test('cuts all connections now, and lets new ones through', async () => {
    const clients = await Promise.all([connectThroughProxy(), connectThroughProxy()])
    const ended = clients.map((client) => new Promise<void>((resolve) => client.once('end', resolve)))
    proxy.cutNow()
    await Promise.all(ended)
    expect(proxy.counters.cuts).toBe(2)
    expect(await queryOnce(proxy.through(database.url), 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('passes everything on, in order, to a slow reader too, and counts it', async () => {
    const sent = randomBytes(20 * 1024 * 1024)
    const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket))
    await once(echo.listen(0, '127.0.0.1'), 'listening')
    const address = echo.address()
    const through = await startTcpProxy(typeof address === 'object' && address !== null ? address.port : 0)
    const client = connect({ port: through.port, host: '127.0.0.1', allowHalfOpen: true })
    client.end(sent)
    const hash = createHash('sha256')
    for await (const chunk of client) hash.update(chunk as Buffer)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
    expect(through.counters).toMatchObject({ bytesToServer: sent.length, bytesToClient: sent.length })
    await through.stop()
    echo.close()
  })
})
