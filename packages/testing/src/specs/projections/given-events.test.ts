import { AssertionError } from 'node:assert'
import {
  defaultFailurePolicy,
  defineEvents,
  DefinitionError,
  describeStream,
  integer,
  RowMissingError,
  RowPartitionError,
  table,
  text,
  timestamp,
  toTableModel,
  UnknownTableError,
  type ProjectionDefinition,
  type RecordedEvent,
  type RowOperations,
} from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { storedAs } from '../stored-as.ts'
import { givenEvents } from './given-events.ts'
import { inStream } from './in-stream.ts'

const doorEvents = defineEvents('door', { built: z.object({ material: z.string() }), opened: z.object({}), burnt: z.object({}) })
const doors = table({ id: text(), material: text(), opened: integer().default(0), at: timestamp().nullable() }, { key: 'id' })
interface DoorTables {
  readonly doors: typeof doors
}

type Apply = (event: RecordedEvent, rows: RowOperations) => void | Promise<void>

/** `defineProjection` stands above this package: this is what it makes. */
function projection(apply: Apply, keyOf: (event: RecordedEvent) => string = describeStream) {
  const definition: ProjectionDefinition = {
    name: 'doors',
    version: 1,
    types: ['door.built', 'door.opened'],
    tables: new Map([['doors', toTableModel('doors', doors)]]),
    mode: 'async',
    partitions: 1,
    partitionBy: 'stream',
    keyOf,
    apply: (event, tables) => {
      if (tables['doors'] === undefined) throw new Error('no table')
      return apply(event, tables['doors'])
    },
    failure: defaultFailurePolicy,
  }
  return definition as ProjectionDefinition & { readonly $tables: DoorTables }
}

const correct = projection((event, rows) => {
  if (doorEvents.built.is(event)) rows.upsert({ id: event.aggregateId, material: event.payload.material, at: event.recordedAt })
  else rows.increment(event.aggregateId, { opened: 1 })
})
const built = doorEvents.built({ material: 'oak' })
const opened = doorEvents.opened()
const begin = '2026-01-01T00:00:00.000Z'

describe('specs of a projection', () => {
  test('a true example passes, whatever the order of the rows', async () => {
    const spec = givenEvents(correct, inStream('d-2', built), inStream('d-1', built, opened, doorEvents.burnt()))
    await spec.rows('doors').are([
      { id: 'd-1', material: 'oak', opened: 1, at: '2026-01-01T00:00:01.000Z' },
      { id: 'd-2', material: 'oak', opened: 0, at: begin },
    ])
    await spec
      .when(inStream('d-1', opened))
      .deliveredTwice()
      .deliveredAnyhow()
      .rows('doors')
      .are([
        { id: 'd-2', material: 'oak', opened: 0, at: begin },
        { id: 'd-1', material: 'oak', opened: 2, at: '2026-01-01T00:00:01.000Z' },
      ])
  })

  test('events by themselves are of one stream, and streams may be of other tenants and times', async () => {
    const spec = givenEvents(
      correct,
      built,
      opened,
      inStream({ aggregateId: 'd-1', tenantId: 'acme', recordedAt: '2026-05-01T00:00:00Z' }, built),
    )
    await spec.rows('doors').are([{ id: 'door-1', material: 'oak', opened: 1, at: begin }])
    await spec.rows('doors', { tenantId: 'acme' }).are([{ id: 'd-1', material: 'oak', opened: 0, at: '2026-05-01T00:00:00.000Z' }])
    await spec.rows('doors', { tenantId: 'nobody' }).are([])
  })

  test('a wrong row, a missing one and one too many fail, with the difference', async () => {
    const spec = givenEvents(correct, built).rows('doors')
    await expect(spec.are([{ id: 'door-1', material: 'ash', opened: 0, at: begin }])).rejects.toThrow(AssertionError)
    await expect(spec.are([{ id: 'door-1', material: 'ash', opened: 0, at: begin }])).rejects.toThrow(
      /The rows of doors are not those expected\..*\+ +material: 'oak',\n.*- +material: 'ash'/s,
    )
    await expect(spec.are([])).rejects.toThrow(AssertionError)
    const missing = { id: 'door-2', material: 'oak', opened: 0, at: begin }
    await expect(spec.are([{ id: 'door-1', material: 'oak', opened: 0, at: begin }, missing])).rejects.toThrow(AssertionError)
  })

  test('a failing handler is expected or shows its error', async () => {
    const patching = projection((event, rows) => rows.patch(event.aggregateId, { opened: 1 }))
    await givenEvents(patching, built).fails(RowMissingError)
    await givenEvents(patching, built).fails(/no row "door-1"/)
    await expect(givenEvents(patching, built).rows('doors').are([])).rejects.toThrow(RowMissingError)
    await expect(givenEvents(correct, built).fails(RowMissingError)).rejects.toThrow(AssertionError)
  })

  test('a projection that keeps something beside its rows is found', async () => {
    const counts = new Map<string, number>()
    const stateful = projection((event, rows) => {
      counts.set(event.aggregateId, (counts.get(event.aggregateId) ?? 0) + 1)
      rows.upsert({ id: event.aggregateId, material: 'oak', opened: counts.get(event.aggregateId) })
    })
    await expect(givenEvents(stateful, built, opened).rows('doors').are([])).rejects.toThrow(
      /Delivered event by event, the rows of doors are not those of one batch/,
    )
  })

  test('one that counts a redelivery is found by deliveredTwice', async () => {
    const seen: string[] = []
    const recounting = projection((event, rows) => {
      if (seen.filter((id) => id === event.id).length < 3) seen.push(event.id)
      rows.upsert({ id: event.aggregateId, material: 'oak', opened: seen.filter((id) => id === event.id).length })
    })
    await expect(givenEvents(recounting, built).deliveredTwice().rows('doors').are([])).rejects.toThrow(AssertionError)
    await expect(givenEvents(recounting, built).deliveredTwice().rows('doors').are([])).rejects.toThrow(/not those/)
  })

  test('a row that two partition keys reach is found, however few the events are', async () => {
    const shared = projection((event, rows) => rows.increment('all', { opened: event.position }))
    await givenEvents(shared, inStream('d-1', opened)).fails(/material is missing/)
    const total = projection((_event, rows) => rows.update('all', (row) => ({ material: 'oak', opened: Number(row?.['opened'] ?? 0) + 1 })))
    await givenEvents(total, inStream('d-1', opened), inStream('d-2', opened)).fails(RowPartitionError)
  })

  test('an unknown table and an event of an old schema are errors that say so', async () => {
    await expect(
      givenEvents(correct, built)
        .rows('dors' as 'doors')
        .are([]),
    ).rejects.toThrow(UnknownTableError)
    await expect(
      givenEvents(correct, storedAs(doorEvents.built, 1, {}))
        .rows('doors')
        .are([]),
    ).rejects.toThrow(DefinitionError)
  })

  test('random deliveries are the same for the same seed', async () => {
    const plans: string[] = []
    for (let run = 0; run < 2; run++) {
      const positions: number[] = []
      const watching = projection((event, rows) => {
        positions.push(event.position)
        rows.upsert({ id: event.aggregateId, material: 'oak' })
      })
      await givenEvents(watching, ...Array.from({ length: 12 }, () => opened))
        .deliveredAnyhow({ runs: 5, seed: 42 })
        .rows('doors')
        .are([{ id: 'door-1', material: 'oak', opened: 0, at: null }])
      plans.push(positions.join(' '))
    }
    expect(plans[0]).toBe(plans[1])
    expect(plans[0]?.split(' ').length).toBeGreaterThan(12 * 6)
  })
})
