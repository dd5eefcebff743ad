import { aggregate, creates, defineCommands, defineDomain, defineEvents, defineProcessManager } from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryStores, ProcessRig, type ProcessStores } from '../../support/process-rig.ts'
import { pgStores } from './support/pg-stores.ts'

const events = defineEvents('visit', { planned: z.object({ at: z.string() }), seen: z.object({ place: z.string() }) })
const commands = defineCommands('visit', { plan: creates(z.object({ at: z.string() })), see: z.object({ place: z.string() }) })

class Visit extends aggregate(events, () => ({})) {
  static readonly handlers = this.handle(commands, {
    plan: (visit, command) => visit.raise('planned', command),
    see: (visit, command) => visit.raise('seen', command),
  })
  static readonly evolve = this.fold({ planned: (s) => s, seen: (s) => s })
}

const domains = [defineDomain('visits', { aggregates: [Visit] })]
const day = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
const counts = z.codec(z.array(z.tuple([z.string(), z.int()])), z.map(z.string(), z.int()), {
  decode: (pairs) => new Map(pairs),
  encode: (map) => [...map],
})

/** What each of its reactions was given. */
const given: { readonly due: Date; readonly seen: ReadonlyMap<string, number> }[] = []

const guide = defineProcessManager('guide', {
  events: [events],
  initial: () => ({ due: new Date(0), seen: new Map<string, number>() }),
  state: z.object({ due: day, seen: counts }),
})
  .correlate({ 'visit.planned': (e) => e.aggregateId, 'visit.seen': (e) => e.aggregateId })
  .on({
    'visit.planned': (state, { payload }) => {
      given.push(state)
      return { state: { ...state, due: new Date(payload.at) } }
    },
    'visit.seen': (state, { payload }, { instanceId }) => {
      given.push(state)
      return { state: { ...state, seen: new Map([...state.seen, [`${instanceId} ${payload.place}`, state.due.getUTCFullYear()]]) } }
    },
  })

const pg = await pgStores()
const memory = memoryStores()
const key = { name: 'pm-guide', generation: 1 }

describe.each<[string, () => Promise<ProcessStores>]>([
  ['in memory', async () => memory],
  ['on PostgreSQL', () => pg.open()],
])('a state with codecs %s', (place, open) => {
  /** A process that lives for one command. */
  const carriedOut = async (command: Parameters<ProcessRig['send']>[0]): Promise<void> => {
    const rig = await new ProcessRig(await open(), { domains, processManagers: [guide], from: 'start' }).start()
    const { position } = await rig.send(command)
    await rig.engine.waitFor(position, [key], { timeoutMs: 60_000 })
    await rig.stop()
  }

  test('is the same to its reactions before and after a restart, and plain JSON where it is kept', async () => {
    given.length = 0
    const visitId = `v ${place}`
    await carriedOut(commands.plan({ visitId, at: '2031-05-01T00:00:00.000Z' }))
    await carriedOut(commands.see({ visitId, place: 'fort' }))
    await carriedOut(commands.see({ visitId, place: 'mill' }))
    const due = new Date('2031-05-01T00:00:00.000Z')
    expect(given).toEqual([
      { due: new Date(0), seen: new Map() },
      { due, seen: new Map() },
      { due, seen: new Map([[`${visitId} fort`, 2031]]) },
    ])
    const [instance] = await (await open()).instances.load([{ processManager: 'guide', tenantId: 'acme', instanceId: visitId }])
    expect(instance?.state).toEqual({
      due: '2031-05-01T00:00:00.000Z',
      seen: [
        [`${visitId} fort`, 2031],
        [`${visitId} mill`, 2031],
      ],
    })
  })
})
