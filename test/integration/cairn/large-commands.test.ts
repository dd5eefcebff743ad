import { aggregate, createCairn, creates, defineCommands, defineDomain, defineEvents, defineProcessManager } from '@cairn/cairn'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres } from './support/places.ts'

const size = z.object({ size: z.int() })
const text = z.object({ text: z.string() })
const events = defineEvents('scan', { ordered: size, stored: size })
const commands = defineCommands('scan', { order: creates(size), store: text })

class Scan extends aggregate(events, () => ({})) {
  static readonly handlers = this.handle(commands, {
    order: (scan, command) => scan.raise('ordered', command),
    store: (scan, command) => scan.raise('stored', { size: command.text.length }),
  })
  static readonly evolve = this.fold({ ordered: (s) => s, stored: (s) => s })
}

const scanning = defineProcessManager('scanning', {
  events: [events],
  initial: () => ({ text: '' }),
  from: 'start',
  failure: { retry: { attempts: 1, backoff: { kind: 'fixed', delayMs: 0 }, jitter: 0 } },
})
  .correlate({ 'scan.ordered': (e) => e.aggregateId })
  .on({
    'scan.ordered': (_state, { aggregateId, payload }) => {
      const large = { text: 'x'.repeat(payload.size) }
      return { state: large, send: [commands.store({ scanId: aggregateId, ...large })] }
    },
  })

const scans = defineDomain('scans', { aggregates: [Scan], processManagers: [scanning] })
const mebibyte = 1_048_576
const database = await testDatabase()

describe.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
])('maxPayloadBytes %s', (_, place) => {
  test('is the limit of what process managers send and keep, too', async () => {
    await using app = await createCairn({ domains: [scans], ...place, maxPayloadBytes: 4 * mebibyte, background: { pollMs: 50 } })
    await app.dispatch(commands.order({ scanId: 'a', size: 2 * mebibyte }))
    await app.events.append({ aggregateType: 'scan', aggregateId: 'b' }, [events.ordered({ size: 5 * mebibyte })], { expected: 0 })
    await expect.poll(async () => (await app.events.readAll({ types: ['scan.stored'] })).events).toMatchObject([{ aggregateId: 'a' }])
    await expect
      .poll(async () => (await app.subscriptions.parked('pm-scanning')).map(({ failure }) => failure?.message))
      .toEqual([expect.stringMatching(/4,?194,?304/)])
  })
})
