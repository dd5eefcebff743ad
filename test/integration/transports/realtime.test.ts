import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectTo, type AddressInfo, type Socket } from 'node:net'
import { createCairn } from '@cairn/cairn'
import { silentLogger, type LoggerPort } from '@cairn/core'
import { orderCommands, shop } from '@cairn/example-shop'
import { RealtimePublisher, type RealtimePublisherOptions } from '@cairn/infra/transports'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, type Place } from '../cairn/support/places.ts'

const database = await testDatabase()
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
const Message = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  type: z.string(),
  source: z.literal('/order'),
  subject: z.string(),
  sequence: z.string().transform(Number),
  time: z.iso.datetime(),
  correlationid: z.string(),
  causationid: z.string(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
})
type Message = z.infer<typeof Message>

const authenticate: RealtimePublisherOptions['authenticate'] = ({ url }) => {
  const { searchParams } = new URL(url ?? '', 'http://localhost')
  const tenantId = searchParams.get('tenant')
  const types = searchParams.get('types')
  if (tenantId === 'broken') throw new Error('The keys cannot be read.')
  return tenantId === null ? undefined : { tenantId, ...(types === null ? {} : { types: [types] }) }
}

/** How a connection that does not come to be ends. */
const refusal = (address: string): Promise<unknown> =>
  new Promise((resolve) => {
    new WebSocket(address).on('error', ({ message }) => resolve(message)).on('open', () => resolve('let in'))
  })

/** A process with an app and WebSocket clients, who say in the query who they are. */
async function start(place: Place = onPostgres(database), options: Partial<RealtimePublisherOptions> = {}) {
  const app = await createCairn({ domains: [shop], ...place, background: { pollMs: 20 } })
  const server = createServer((_, response) => response.writeHead(404).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const realtime = new RealtimePublisher({ server, authenticate, ...options })
  await app.follow({}, (events) => realtime.publish(events))
  onTestFinished(async () => {
    await app.stop()
    await realtime.stop()
    server.close()
  })
  const url = (query: string): string => `ws://127.0.0.1:${port}/events${query}`
  const connect = async (query: string): Promise<{ socket: WebSocket; got: Message[] }> => {
    const socket = new WebSocket(url(query))
    const got: Message[] = []
    socket.on('message', (data: Buffer) => got.push(Message.parse(JSON.parse(data.toString('utf8')))))
    await once(socket, 'open')
    return { socket, got }
  }
  const order = (tenantId: string, orderId: string) => app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }), { tenantId })
  return { app, server, realtime, url, connect, order }
}

/** What would have ended a process without a test runner in it. */
function fatalErrors(): readonly unknown[] {
  const fatal: unknown[] = []
  const record = (error: unknown): void => void fatal.push(error)
  process.on('uncaughtException', record).on('unhandledRejection', record)
  onTestFinished(() => void process.off('uncaughtException', record).off('unhandledRejection', record))
  return fatal
}

const versionsOf = (got: readonly Message[]): Record<string, number[]> =>
  Object.fromEntries([...Map.groupBy(got, ({ subject }) => subject)].map(([id, of]) => [id, of.map(({ sequence }) => sequence)]))

test('clients of a tenant get its committed events, once and in the order of each stream, from whichever process; nobody else does', async () => {
  const [one, other] = [await start(), await start()]
  const acme = [await one.connect('?tenant=acme'), await other.connect('?tenant=acme')]
  const globex = await one.connect('?tenant=globex')
  const cancelled = await other.connect('?tenant=acme&types=order.cancelled')
  const orders = Array.from({ length: 30 }, (_, i) => `o-${i}`)
  await Promise.all(
    orders.map(async (orderId, i) => {
      const { app, order } = i % 2 === 0 ? one : other
      for (const tenantId of ['acme', 'globex']) await order(tenantId, orderId)
      const never = app.transaction({ tenantId: 'acme' }, async (tx) => {
        await tx.dispatch(orderCommands.markReady({ orderId }))
        throw new Error('rolled back')
      })
      await expect(never).rejects.toThrow('rolled back')
      await app.dispatch(i % 2 === 0 ? orderCommands.markReady({ orderId }) : orderCommands.cancel({ orderId, reason: 'late' }), {
        tenantId: 'acme',
      })
    }),
  )
  const twice = Object.fromEntries(orders.map((id) => [id, [1, 2]]))
  expect(await eventually(async () => acme.every(({ got }) => got.length >= 60))).toBe(true)
  expect(versionsOf(acme[0]?.got ?? [])).toEqual(twice)
  // In the order of the log, for all clients the same.
  expect(acme[1]?.got).toEqual(acme[0]?.got)
  expect(await eventually(async () => globex.got.length >= 30)).toBe(true)
  expect(versionsOf(globex.got)).toEqual(Object.fromEntries(orders.map((id) => [id, [1]])))
  expect(await eventually(async () => cancelled.got.length >= 15)).toBe(true)
  expect(new Set(cancelled.got.map(({ type }) => type))).toEqual(new Set(['order.cancelled']))
  expect(acme[0]?.got.length).toBe(60)
  expect(globex.got.length).toBe(30)
  expect(cancelled.got.length).toBe(15)
})

test('who does not say who it is, or cannot be asked, is refused, and so is another path', async () => {
  const { url } = await start(inMemory)
  expect(await refusal(url(''))).toContain('401')
  expect(await refusal(url('?tenant=broken'))).toContain('500')
  expect(await refusal(url('?tenant=t').replace('/events', '/other'))).toContain('404')
})

test.each(['/other', '/events'])('a client that breaks off while %s is answered harms nobody', async (path) => {
  const fatal = fatalErrors()
  const { server, url, connect } = await start(inMemory)
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connectTo(Number(new URL(url('')).port), '127.0.0.1')
  const [socket] = await accepted
  const key = Buffer.alloc(16).toString('base64')
  client.write(
    `GET ${path} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
  client.resetAndDestroy()
  expect(await eventually(() => socket.destroyed)).toBe(true)
  await connect('?tenant=t')
  expect(fatal).toEqual([])
})

test.each(['*.*', '**', '', '.*'])('who asks for "%s", which is no pattern, is refused', async (types) => {
  const fatal = fatalErrors()
  const { realtime, url, connect } = await start(inMemory)
  expect(await refusal(url(`?tenant=t&types=${types}`))).toContain('400')
  await connect('?tenant=t&types=*')
  expect(realtime.clients).toBe(1)
  expect(fatal).toEqual([])
})

test('a connection that cannot be made is broken off, and said so', async () => {
  const fatal = fatalErrors()
  const { server, url } = await start(inMemory)
  const errors: string[] = []
  const logger: LoggerPort = { ...silentLogger, error: (message) => void errors.push(message), child: () => logger }
  // Of the two, one comes too late.
  const second = new RealtimePublisher({ server, authenticate, logger })
  onTestFinished(() => second.stop())
  const socket = new WebSocket(url('?tenant=t'))
  socket.on('error', () => undefined)
  expect(await eventually(() => errors.length > 0 || fatal.length > 0)).toBe(true)
  expect(errors).toEqual(['A client could not be connected.'])
  expect(second.clients).toBe(0)
  expect(fatal).toEqual([])
})

test('what is published twice reaches a client once', async () => {
  const { app, realtime, connect, order } = await start(inMemory)
  const { got } = await connect('?tenant=t')
  for (const orderId of ['a', 'b']) await order('t', orderId)
  expect(await eventually(async () => got.length === 2)).toBe(true)
  const { events } = await app.events.readAll({ tenantId: 't' })
  await realtime.publish(events)
  await order('t', 'c')
  expect(await eventually(async () => got.length > 2)).toBe(true)
  expect(got.map(({ subject }) => subject)).toEqual(['a', 'b', 'c'])
})

test('a client that reads too slowly is cut off, and holds nobody up', async () => {
  const { app, realtime, connect, order } = await start(inMemory, { maxBufferedBytes: 100_000 })
  const slow = await connect('?tenant=t')
  const quick = await connect('?tenant=t')
  slow.socket.pause()
  await order('t', 'o')
  const { events } = await app.events.readAll({ tenantId: 't' })
  let [published, position] = [1, 1]
  while (realtime.clients === 2 && published < 100_000) {
    await realtime.publish(events.map((event) => ({ ...event, position: ++position })))
    published++
    // What the kernel takes is no longer waiting here.
    if (published % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(realtime.clients).toBe(1)
  expect(await eventually(async () => quick.got.length >= published - 1)).toBe(true)
})

test('a client that does not answer is cut off', async () => {
  const { realtime, connect, order } = await start(inMemory, { heartbeatMs: 1_500 })
  const silent = await connect('?tenant=silent')
  const quick = await connect('?tenant=t')
  const gone = once(silent.socket, 'close')
  silent.socket.pause()
  expect(await eventually(async () => realtime.clients === 1)).toBe(true)
  silent.socket.resume()
  await gone
  await order('t', 'o')
  expect(await eventually(async () => quick.got.length === 1)).toBe(true)
})

test('the end says goodbye to clients, and lets nobody in', async () => {
  const { realtime, connect, url, app } = await start(inMemory)
  const { socket } = await connect('?tenant=t')
  const closed = once(socket, 'close')
  await app.stop()
  await realtime.stop()
  expect((await closed)[0]).toBe(1001)
  expect(realtime.clients).toBe(0)
  await expect(realtime.publish([])).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
  expect(await refusal(url('?tenant=t'))).toContain('404')
})
