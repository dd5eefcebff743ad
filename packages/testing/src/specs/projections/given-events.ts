import assert from 'node:assert/strict'
import {
  InMemoryRowStore,
  UnknownTableError,
  type MemoryRow,
  type NewEvent,
  type ProjectionDefinition,
  type RecordedEvent,
  type Row,
} from '@cairn/core'
import type { ErrorClass } from '../given.ts'
import { deliver } from './deliver.ts'
import { atRandom, eachTwice, inOneBatch, oneByOne, type DeliveryPlan } from './delivery-plan.ts'
import type { EventsInStream } from './in-stream.ts'
import { recordEvents, testTenant } from './record-events.ts'

export interface RowsFilter {
  /** Whose rows. @default 'test' */
  readonly tenantId?: string
}

export interface RandomDelivery {
  /** How many deliveries are tried. @default 25 */
  readonly runs?: number
  /** The first one's seed; each has the next. @default 1 */
  readonly seed?: number
}

export interface RowsOutcome<R> {
  /** The table holds these rows and no other, in any order. */
  are(rows: readonly R[]): Promise<void>
}

/** What a projection makes of events. */
export interface ProjectionSpec<T> {
  /** More events, after the ones before. */
  when(...events: readonly (NewEvent | EventsInStream)[]): ProjectionSpec<T>
  /** Each event is delivered again after crashes before and behind its commit: it must count once. */
  deliveredTwice(): ProjectionSpec<T>
  /** The events come in random batches with random crashes, several times over: the rows must always be the same. */
  deliveredAnyhow(options?: RandomDelivery): ProjectionSpec<T>
  /** The rows of a table after all events. */
  rows<const K extends keyof T & string>(table: K, filter?: RowsFilter): RowsOutcome<Row<T[K]>>
  /** Handling the events fails with an error of this class, or whose message matches. */
  fails(expected: RegExp | ErrorClass): Promise<void>
}

/**
 * States what a projection makes of events: `await givenEvents(orderSummary, inStream('o-1', orderEvents.created({ … })))
 * .rows('order_summary').are([{ id: 'o-1', … }])`. Needs no store. Every example is delivered in one batch and event by
 * event, which must give the same rows: a projection that keeps something beside its rows is found.
 */
export function givenEvents<T>(
  projection: ProjectionDefinition & { readonly $tables: T },
  ...events: readonly (NewEvent | EventsInStream)[]
): ProjectionSpec<T> {
  return spec(projection, events, [() => oneByOne])
}

function spec<T>(
  projection: ProjectionDefinition,
  given: readonly (NewEvent | EventsInStream)[],
  plans: readonly (() => DeliveryPlan)[],
): ProjectionSpec<T> {
  return {
    when: (...more) => spec(projection, [...given, ...more], plans),
    deliveredTwice: () => spec(projection, given, [...plans, eachTwice]),
    deliveredAnyhow: ({ runs = 25, seed = 1 } = {}) =>
      spec(projection, given, [...plans, ...Array.from({ length: runs }, (_, run) => () => atRandom(seed + run))]),
    rows: (table, { tenantId = testTenant } = {}) => ({
      are: async (expected) => {
        if (!projection.tables.has(table)) throw new UnknownTableError(projection.name, table, [...projection.tables.keys()])
        const stored = await foldOf(projection, recordEvents(given), plans)
        const actual = stored.rows(table).filter((row) => row.tenantId === tenantId)
        same(
          `The rows of ${table} are not those expected.`,
          actual.map(({ values }) => values),
          inOrderOf(actual, expected, projection.tables.get(table)?.key ?? []),
        )
      },
    }),
    fails: async (expected) => {
      await assert.rejects(foldOf(projection, recordEvents(given), plans), expected)
    },
  }
}

/** The rows after all events, which every way of delivery must agree on. */
async function foldOf(
  projection: ProjectionDefinition,
  events: readonly RecordedEvent[],
  plans: readonly (() => DeliveryPlan)[],
): Promise<InMemoryRowStore> {
  const fold = await deliver(projection, events, inOneBatch)
  for (const make of plans) {
    const plan = make()
    const other = await deliver(projection, events, plan)
    for (const table of projection.tables.keys()) {
      same(`Delivered ${plan.name}, the rows of ${table} are not those of one batch.`, other.rows(table), fold.rows(table))
    }
  }
  return fold
}

/** The expected rows, in the order of the actual ones of the same key, so that a difference shows where it is. */
function inOrderOf(actual: readonly MemoryRow[], expected: readonly unknown[], key: readonly string[]): readonly unknown[] {
  const idOf = (row: unknown): string => JSON.stringify(key.map((name) => (row as Readonly<Record<string, unknown>>)[name]))
  const places = new Map(actual.map(({ values }, index) => [idOf(values), index]))
  const place = (row: unknown): number => places.get(idOf(row)) ?? actual.length
  return expected.toSorted((a, b) => place(a) - place(b))
}

function same(what: string, actual: unknown, expected: unknown): void {
  try {
    assert.deepEqual(actual, expected)
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) throw error
    throw new assert.AssertionError({ message: `${what}\n${error.message}`, actual, expected, operator: 'rows' })
  }
}
