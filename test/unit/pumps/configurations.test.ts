import { commandPump, EventBus, eventPump, RealtimePumpBase, type PumpIntake, type PumpSourcePort } from '@cairn/core'
import { expect, test } from 'vitest'

const scheduler = { schedule: async () => undefined }
const commands = {
  markStatus: () => {
    throw new Error('not called')
  },
}

/** Notes how a pump opens it. */
class NotingSource implements PumpSourcePort {
  readonly opened: PumpIntake[] = []

  async open(pump: PumpIntake) {
    this.opened.push(pump)
    return { stop: async () => undefined }
  }
}

test('the command pump and the event pump are one class with two configurations', async () => {
  const source = new NotingSource()
  const pumps = [
    new RealtimePumpBase(commandPump({ scheduler, commands }), { source }),
    new RealtimePumpBase(eventPump({ bus: new EventBus() }), { source }),
  ]
  for (const pump of pumps) await pump.start()
  expect(source.opened).toMatchObject([
    { channel: 'commands-pump', batchSize: 20, eventSpec: { event: 'INSERT', table: 'commands', filter: 'status=eq.pending' } },
    { channel: 'events-pump', batchSize: 200, eventSpec: { event: 'INSERT', table: 'events' } },
  ])
  expect(new Set(pumps.map((pump) => pump.constructor))).toEqual(new Set([RealtimePumpBase]))
})

test('a pump that cannot find its source says so, and may be started again', async () => {
  let away = true
  const source: PumpSourcePort = {
    open: () => (away ? Promise.reject(new Error('away')) : Promise.resolve({ stop: async () => undefined })),
  }
  const pump = new RealtimePumpBase(eventPump({ bus: new EventBus() }), { source })
  await expect(pump.start()).rejects.toThrow('away')
  expect(pump.status).toMatchObject({ state: 'error', error: { message: 'away' } })
  away = false
  await pump.start()
  expect(pump.status).toMatchObject({ state: 'subscribed', error: undefined })
  await pump.stop()
  await pump.stop()
  expect(pump.status.state).toBe('stopped')
})

/** A source whose runs end when they are let go. */
function slowToStop() {
  let open = 0
  const ends: (() => void)[] = []
  const source: PumpSourcePort = {
    open: async () => {
      open++
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.push(resolve)
      return { stop: () => promise.then(() => void open--) }
    },
  }
  const pump = new RealtimePumpBase(eventPump({ bus: new EventBus() }), { source })
  return { pump, ends, running: () => open }
}

test('a start while it stops waits for the end, and then it runs', async () => {
  const { pump, ends, running } = slowToStop()
  await pump.start()
  const stopping = pump.stop()
  const starting = pump.start()
  ends.shift()?.()
  await stopping
  await starting
  expect([pump.status.state, running()]).toEqual(['subscribed', 1])
  ends.shift()?.()
  await pump.stop()
  expect([pump.status.state, running()]).toEqual(['stopped', 0])
})

test('the last of many starts and stops at once decides', async () => {
  const { pump, ends, running } = slowToStop()
  await pump.start()
  const calls = [pump.stop(), pump.start(), pump.stop(), pump.stop()]
  ends.shift()?.()
  await calls[1]
  ends.shift()?.()
  await Promise.all(calls)
  expect([pump.status.state, running()]).toEqual(['stopped', 0])
})

test.each([
  ['a channel that is no name', { channel: 'Events Pump' }, /lower-case words/],
  ['a batch of none', { batchSize: 0 }, /batchSize/],
  ['a batch beyond all reason', { batchSize: 10_001 }, /batchSize/],
  ['a filter that is none', { eventSpec: { event: 'INSERT', schema: 's', table: 't', filter: 'x' } as const }, /column=operator\.value/],
])('%s is refused', (_, change, message) => {
  expect(() => new RealtimePumpBase({ ...eventPump({ bus: new EventBus() }), ...change }, { source: new NotingSource() })).toThrow(message)
})
