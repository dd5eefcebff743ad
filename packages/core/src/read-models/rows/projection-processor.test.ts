import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../contracts/event.ts'
import { RowMissingError } from '../../errors/projections.ts'
import type { PhysicalTable } from '../../ports/row-store.port.ts'
import { defaultFailurePolicy } from '../../subscriptions/failure-policy.ts'
import { integer, numeric, text } from '../columns/columns.ts'
import { InMemoryRowStore } from '../in-memory-row-store.ts'
import type { ProjectionDefinition, RowOperations, RowOperationsByTable } from '../projection-definition.ts'
import { table } from '../tables/table.ts'
import { toTableModel } from '../tables/to-table-model.ts'
import { ProjectionProcessor } from './projection-processor.ts'

const accounts = toTableModel('accounts', table({ id: text(), cents: numeric(12, 2).default(0), note: text().nullable() }, { key: 'id' }))
const totals = toTableModel('totals', table({ letter: text(), count: integer() }, { key: 'letter' }))

/** An event that says itself what becomes of the rows, so that any history can be made up. */
type Change =
  | { readonly kind: 'upsert'; readonly id: string; readonly amount: number }
  | { readonly kind: 'increment'; readonly id: string; readonly amount: number }
  | { readonly kind: 'patch-if-there'; readonly id: string; readonly note: string }
  | { readonly kind: 'update'; readonly id: string; readonly amount: number }
  | { readonly kind: 'delete-if-poor'; readonly id: string }
  | { readonly kind: 'delete'; readonly id: string }

type Event = RecordedEvent<'account.changed', Change>

async function patchIfThere(accountRows: RowOperations, { id, note }: { readonly id: string; readonly note: string }): Promise<void> {
  if ((await accountRows.get(id)) !== undefined) accountRows.patch(id, { note })
}

function apply(event: RecordedEvent, tables: RowOperationsByTable): void | Promise<void> {
  const change = (event as Event).payload
  const { accounts: a, totals: t } = tables
  if (a === undefined || t === undefined) throw new Error('no tables')
  t.increment(change.kind, { count: 1 })
  switch (change.kind) {
    case 'upsert':
      return a.upsert({ id: change.id, cents: change.amount / 100 })
    case 'increment':
      return a.increment(change.id, { cents: change.amount / 100 })
    case 'update':
      return a.update(change.id, (row) => ({ ...row, cents: Number(row?.['cents'] ?? 0) + change.amount / 100 }))
    case 'delete':
      return a.delete(change.id)
    case 'delete-if-poor':
      return a.update(change.id, (row) => (Number(row?.['cents'] ?? 0) < 0 ? null : row))
    case 'patch-if-there':
      return patchIfThere(a, change)
  }
}

const definition: ProjectionDefinition = {
  name: 'accounts',
  version: 1,
  types: ['account.changed'],
  tables: new Map([
    ['accounts', accounts],
    ['totals', totals],
  ]),
  mode: 'async',
  partitions: 1,
  partitionBy: 'none',
  keyOf: () => '',
  apply,
  failure: defaultFailurePolicy,
}
const tables: readonly PhysicalTable[] = [accounts, totals].map((model) => ({ name: model.name, model }))

/** The same rules over plain maps and whole cents: what every delivery must come to. */
function expected(events: readonly Event[]) {
  const rows = new Map<string, { cents: number; note: string | null }>()
  const counts = new Map<string, number>()
  for (const { tenantId, payload: change } of events) {
    const key = `${tenantId} ${change.id}`
    const row = rows.get(key)
    const count = `${tenantId} ${change.kind}`
    counts.set(count, (counts.get(count) ?? 0) + 1)
    if (change.kind === 'upsert') rows.set(key, { cents: change.amount, note: null })
    if (change.kind === 'increment' || change.kind === 'update') {
      rows.set(key, { cents: (row?.cents ?? 0) + change.amount, note: row?.note ?? null })
    }
    if (change.kind === 'delete' || (change.kind === 'delete-if-poor' && (row?.cents ?? 0) < 0)) rows.delete(key)
    if (change.kind === 'patch-if-there' && row !== undefined) rows.set(key, { ...row, note: change.note })
  }
  return { rows, counts }
}

function stored(store: InMemoryRowStore) {
  const rows = store.rows('accounts').map(({ tenantId, key, values }) => {
    return [`${tenantId} ${key[0]}`, { cents: Math.round(Number(values['cents']) * 100), note: values['note'] }] as const
  })
  const counts = store.rows('totals').map(({ tenantId, key, values }) => [`${tenantId} ${key[0]}`, values['count']] as const)
  return { rows: new Map(rows), counts: new Map(counts) }
}

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const amount = fc.integer({ min: -10_000, max: 10_000 })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('upsert' as const), id, amount }),
  fc.record({ kind: fc.constant('increment' as const), id, amount }),
  fc.record({ kind: fc.constant('update' as const), id, amount }),
  fc.record({ kind: fc.constant('patch-if-there' as const), id, note: fc.string() }),
  fc.record({ kind: fc.constant('delete-if-poor' as const), id }),
  fc.record({ kind: fc.constant('delete' as const), id }),
)
const history = fc.array(fc.record({ tenantId: fc.constantFrom('one', 'two'), change }), { maxLength: 60 }).map((list) =>
  list.map(({ tenantId, change: payload }, index): Event => {
    const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
    const place = { aggregateType: 'account', aggregateId: 'a', version: index + 1, position: (index + 1) * 3 }
    return { id: `e-${index}`, tenantId, type: 'account.changed', payload, ...place, recordedAt: new Date(0), metadata }
  }),
)

/** How a batch ends. */
const fate = fc.constantFrom(
  'committed',
  'committed',
  'committed',
  'handled twice',
  'rolled back',
  'dies before',
  'dies after',
  'rows refused',
)
const step = fc.record({ size: fc.integer({ min: 1, max: 9 }), handles: fc.integer({ min: 1, max: 3 }), fate })

async function deliver(events: readonly Event[], steps: readonly { size: number; handles: number; fate: string }[], cacheRows: number) {
  const rows = new InMemoryRowStore()
  const open = (): ProjectionProcessor => new ProjectionProcessor({ definition, partition: 0, tables, rows, cacheRows })
  let processor = open()
  let done = 0
  for (let turn = 0; done < events.length; turn++) {
    // When the plan is used up, the rest is delivered quietly.
    const { size, handles, fate: end } = steps[turn] ?? { size: 7, handles: 2, fate: 'committed' }
    let next = done
    for (let i = 0; i < handles && next < events.length; i++) {
      await processor.handle(events.slice(next, next + size))
      next = Math.min(next + size, events.length)
    }
    const transaction = rows.begin()
    if (end === 'dies before') {
      processor = open()
      continue
    }
    if (end === 'handled twice') {
      processor.reset()
      continue
    }
    await processor.commit({ rows: transaction })
    if (end === 'rolled back' || end === 'rows refused') {
      processor.reset()
      continue
    }
    transaction.commit()
    done = next
    if (end === 'dies after') processor = open()
    else processor.committed()
  }
  return rows
}

describe('a projection processor', () => {
  test('property: any history × any batches × any crashes × any cache come to the same rows', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 6 }), async (events, steps, cacheRows) => {
        const rows = await deliver(events, steps, cacheRows)
        expect(stored(rows)).toEqual(expected(events))
        // Positions are those of the last event that changed a row, whatever the batches.
        const whole = await deliver(events, [{ size: events.length + 1, handles: 1, fate: 'committed' }], 100)
        for (const { name } of tables) expect(rows.rows(name)).toEqual(whole.rows(name))
      }),
      { numRuns: 300 },
    )
  })

  test('handles at once, without a promise, where nothing has to be read', () => {
    const rows = new InMemoryRowStore()
    const processor = new ProjectionProcessor({
      definition: { ...definition, apply: (_event, { accounts: a }) => a?.upsert({ id: 'x' }) },
      partition: 0,
      tables,
      rows,
    })
    const [event] =
      fc.sample(
        history.filter((list) => list.length > 0),
        1,
      )[0] ?? []
    if (event === undefined) throw new Error('no event')
    expect(processor.handle([event])).toBeUndefined()
    expect(processor.pending).toBe(1)
  })

  test('a lone event’s failure comes out of handle, whether or not its row is in memory', async () => {
    const rows = new InMemoryRowStore()
    const patching: ProjectionDefinition = { ...definition, apply: (_event, { accounts: a }) => a?.patch('missing', { note: 'n' }) }
    const processor = new ProjectionProcessor({ definition: patching, partition: 0, tables, rows })
    const [event] =
      fc.sample(
        history.filter((list) => list.length > 0),
        1,
      )[0] ?? []
    if (event === undefined) throw new Error('no event')
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect((async () => processor.handle([event]))()).rejects.toThrow(RowMissingError)
      processor.reset()
    }
  })
})
