import { expect, test } from 'vitest'
import { z } from 'zod'
import { sampleValues } from './sample-values.ts'

const Leaf = z.object({
  text: z.string().min(10),
  id: z.uuid(),
  day: z.iso.date(),
  count: z.int().positive(),
  share: z.number().min(0).max(0.5),
  even: z.int().min(3).multipleOf(2),
  flag: z.boolean(),
  list: z.array(z.object({ n: z.int() })).min(2),
  pair: z.tuple([z.string(), z.number()]),
  by: z.record(z.string(), z.number()),
  none: z.null(),
  fixed: z.literal('fixed'),
})

interface Tree {
  readonly name: string
  readonly children: readonly Tree[]
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }))

test.each<readonly [string, z.ZodType]>([
  ['fields of every kind', Leaf],
  ['fields that may be left out or be null', Leaf.partial().extend({ must: z.string().nullable() })],
  [
    'a choice of objects',
    z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), a: z.int() }), z.object({ kind: z.literal('b') })]),
  ],
  ['two objects in one', z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }))],
])('are values of the schema: %s', (_, schema) => {
  const samples = sampleValues(z.toJSONSchema(schema, { io: 'output' }))
  expect(samples.length).toBeGreaterThan(0)
  for (const sample of samples) expect(schema.safeParse(sample).error?.issues).toBeUndefined()
})

test('show each choice at the top, every field, and no field that may be left out', () => {
  const schema = z.object({ kind: z.enum(['a', 'b', 'c']), flag: z.boolean(), note: z.string().optional() })
  const samples = sampleValues(z.toJSONSchema(schema, { io: 'output' })).map((sample) => schema.parse(sample))
  expect(new Set(samples.map(({ kind }) => kind))).toEqual(new Set(['a', 'b', 'c']))
  expect(new Set(samples.map(({ flag }) => flag))).toEqual(new Set([true, false]))
  expect(new Set(samples.map((sample) => 'note' in sample))).toEqual(new Set([true, false]))
})

test('end where a schema names itself', () => {
  const [sample] = sampleValues(z.toJSONSchema(Tree))
  expect(sample).toMatchObject({ name: 'example', children: [{ name: 'example' }] })
})
