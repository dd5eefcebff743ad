import { LoggingEventStore } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, test } from 'vitest'
import { FailingEventStore } from '../contracts/failing-event-store.ts'
import { collect, eventsOf, receiptOf, streamOf } from './given.ts'
import { RecordedLogger } from './recorded-logger.ts'

function loggedStore(): { readonly store: LoggingEventStore; readonly lines: RecordedLogger['lines']; readonly inner: InMemoryEventStore } {
  const logger = new RecordedLogger()
  let time = 0
  const inner = new InMemoryEventStore()
  // Each look at the clock is seven milliseconds after the last.
  return { store: new LoggingEventStore(inner, { logger, clock: { now: () => new Date((time += 7)) } }), lines: logger.lines, inner }
}

describe('LoggingEventStore', () => {
  test('writes one line for an append, with tenant, stream, correlation, command, duration and outcome', async () => {
    const { store, lines } = loggedStore()
    const stream = streamOf('t-1', 'o-1')
    const command = receiptOf()
    await store.append({ stream, expected: 0, events: eventsOf(2, 'corr-1'), command })
    expect(lines).toEqual([
      {
        level: 'debug',
        message: 'append done',
        component: 'event-store',
        call: 'append',
        tenantId: 't-1',
        stream: 't-1/order/o-1',
        correlationId: 'corr-1',
        commandId: command.id,
        durationMs: 7,
        events: 2,
        version: 2,
        position: 2,
        duplicate: false,
      },
    ])
  })

  test('never writes a payload', async () => {
    const { store, lines } = loggedStore()
    const stream = streamOf('t-1')
    await store.append({ stream, expected: 0, events: eventsOf(2) })
    await store.load(stream)
    await collect(store.readStream(stream))
    await store.readAll()
    await store.query({ tenantId: 't-1' })
    expect(lines).toHaveLength(5)
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  test('writes a line for every method', async () => {
    const { store, lines } = loggedStore()
    const stream = streamOf('t-1')
    await store.append({ stream, expected: 0, events: eventsOf(1) })
    await store.appendGroup({ stream, expected: 1, parts: [{ events: eventsOf(1) }, { events: eventsOf(2) }] })
    await store.load(stream)
    await collect(store.readStream(stream))
    await store.readAll({ tenantId: 't-1' })
    await store.resultOf('t-1', receiptOf())
    await store.existsAll([stream])
    await store.existsOne([stream])
    await store.transaction('t-1', async () => undefined)
    await store.query({ tenantId: 't-1' })
    await store.countByType('t-1')
    await store.close(stream)
    const methods = 'append appendGroup load readStream readAll resultOf existsAll existsOne transaction query countByType close'
    expect(lines.map((line) => line['call'])).toEqual(methods.split(' '))
    for (const line of lines) expect(line).toMatchObject({ level: 'debug', tenantId: 't-1', component: 'event-store' })
    expect(lines[1]).toMatchObject({ parts: 2, stored: true, events: 3 })
    expect(lines[3]).toMatchObject({ events: 4 })
  })

  test('warns of what Cairn refused, with the code and the error, and throws the same', async () => {
    const { store, lines } = loggedStore()
    const stream = streamOf('t-1')
    const thrown = await store.append({ stream, expected: 5, events: eventsOf(1) }).catch((error: unknown) => error)
    expect(lines).toMatchObject([{ level: 'warn', message: 'append refused', code: 'CAIRN_VERSION_CONFLICT', tenantId: 't-1' }])
    expect(lines[0]?.error).toBe(thrown)
    await expect(collect(store.readStream(stream, { limit: -1 }))).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    expect(lines[1]).toMatchObject({ level: 'warn', call: 'readStream', events: 0 })
  })

  test('writes an error for a failure that is no refusal', async () => {
    const logger = new RecordedLogger()
    const failing = new FailingEventStore(new InMemoryEventStore(), () => {
      throw new TypeError('a bug')
    })
    const store = new LoggingEventStore(failing, { logger })
    await expect(store.load(streamOf('t-1'))).rejects.toThrow('a bug')
    expect(logger.lines).toMatchObject([{ level: 'error', message: 'load failed', error: expect.any(TypeError) }])
  })

  test('writes how far a reader came that stopped early', async () => {
    const { store, lines } = loggedStore()
    const stream = streamOf('t-1')
    await store.append({ stream, expected: 0, events: eventsOf(9) })
    for await (const event of store.readStream(stream)) if (event.version === 4) break
    expect(lines.at(-1)).toMatchObject({ level: 'debug', call: 'readStream', events: 4 })
  })
})
