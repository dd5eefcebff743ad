import { InMemoryRowStore, isCairnError, type RowStorePort, type RowWrites } from '@cairn/core'
import { PooledRowStore } from '@cairn/infra/pg'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { column, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'

const { db, make } = await projections()

const model = tableModel(
  'any_kind',
  [
    column('id', 'integer'),
    column('part', 'text'),
    column('a_text', 'text', { nullable: true }),
    column('a_bigint', 'bigint', { nullable: true }),
    column('money', 'numeric', { nullable: true, precision: 12, scale: 2 }),
    column('huge', 'numeric', { nullable: true, precision: 40, scale: 10 }),
    column('a_double', 'double', { nullable: true }),
    column('a_boolean', 'boolean', { nullable: true }),
    column('a_uuid', 'uuid', { nullable: true }),
    column('a_date', 'date', { nullable: true }),
    column('a_timestamp', 'timestamp', { nullable: true }),
    column('a_json', 'json', { nullable: true }),
  ],
  ['id', 'part'],
)

// In their JSON-stable form, as the row buffer hands them on: no NUL, no half of a pair, no minus zero.
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', '').toWellFormed())
const zero = (value: number): number => value + 0
const moment = fc
  .date({ min: new Date('0001-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((at) => at.toISOString())
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(zero),
    fc.boolean(),
    fc.array(fc.oneof(tie('any'), fc.constant(null)), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      fc.oneof(tie('any'), fc.constant(null)),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).any

const values = fc.record({
  a_text: fc.option(text),
  a_bigint: fc.option(fc.maxSafeInteger().map(zero)),
  money: fc.option(fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }).map((cents) => zero(cents / 100))),
  huge: fc.option(
    fc.tuple(fc.bigInt({ min: -(10n ** 39n), max: 10n ** 39n })).map(([whole]) => {
      const digits = (whole < 0n ? -whole : whole).toString().padStart(11, '0')
      return `${whole < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`
    }),
  ),
  a_double: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map(zero)),
  a_boolean: fc.option(fc.boolean()),
  a_uuid: fc.option(fc.uuid()),
  a_date: fc.option(moment.map((at) => at.slice(0, 10))),
  a_timestamp: fc.option(moment),
  a_json: fc.option(json),
})

interface Step {
  readonly tenant: number
  readonly id: number
  readonly part: string
  readonly values: Readonly<Record<string, unknown>>
  readonly remove: boolean
  /** Mostly ahead of every other; now and then not, or of another partition. */
  readonly behind: number
  readonly partition: number
}

const step: fc.Arbitrary<Step> = fc.record({
  tenant: fc.nat({ max: 1 }),
  id: fc.nat({ max: 4 }),
  part: fc.constantFrom('a', 'Ä', '"', ''),
  values,
  remove: fc.boolean(),
  behind: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 30 }) }),
  partition: fc.oneof({ weight: 19, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
})

/** One call's writes: each key once. */
function writesOf(batch: readonly Step[], from: number): RowWrites {
  const byKey = new Map(
    batch.map((one, i) => [`${one.tenant}/${one.id}/${one.part}`, { ...one, position: Math.max(1, from + i - one.behind) }]),
  )
  const all = [...byKey.values()].map(({ tenant, id, part, values: rest, remove, partition, position }) => ({
    remove,
    row: { tenantId: `tenant-${tenant}`, key: [id, part], values: { id, part, ...rest }, position, partition },
  }))
  return {
    upserts: all.filter(({ remove }) => !remove).map(({ row }) => row),
    deletes: all
      .filter(({ remove }) => remove)
      .map(({ row: { tenantId, key, position, partition } }) => ({ tenantId, key, position, partition })),
  }
}

async function outcomeOf(store: RowStorePort, ...[table, writes]: Parameters<RowStorePort['write']>): Promise<unknown> {
  try {
    await store.write(table, writes)
    return 'written'
  } catch (error) {
    if (!isCairnError(error)) throw error
    // One call may hold a row of another partition and one that is stale: which of them is named is not promised.
    return error.code === 'CAIRN_ROW_PARTITION' || error.code === 'CAIRN_STALE_ROW' ? 'refused for a row' : error.code
  }
}

const keys = [0, 1].flatMap((tenant) =>
  [0, 1, 2, 3, 4].flatMap((id) => ['a', 'Ä', '"', ''].map((part) => ({ tenantId: `tenant-${tenant}`, key: [id, part] }))),
)

test('any sequence of writes leaves the same rows in PostgreSQL as in memory, and is refused alike', async () => {
  const pg = new PooledRowStore(db)
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }), async (batches) => {
      const table = await make(model)
      const memory = new InMemoryRowStore()
      let position = 1
      for (const batch of batches) {
        const writes = writesOf(batch, position)
        position += batch.length
        const expected = await outcomeOf(memory, table, writes)
        if (expected !== 'written') refused++
        expect(await outcomeOf(pg, table, writes)).toBe(expected)
        const [inMemory, stored] = [await memory.load(table, keys), await pg.load(table, keys)]
        for (const [i, row] of stored.entries()) {
          const other = inMemory[i]
          expect(row).toEqual(
            other === undefined ? undefined : { tenantId: other.tenantId, key: other.key, values: other.values, position: other.position },
          )
        }
      }
    }),
    { numRuns: 40 },
  )
  // About eleven of them.
  expect(refused).toBeGreaterThan(0)
})
