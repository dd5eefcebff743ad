import { expect, test } from 'vitest'
import { z } from 'zod'
import { DefinitionError } from '../errors/domain.ts'
import { creates } from './creates.ts'
import { defineCommands } from './define-commands.ts'
import { defineEvents } from './define-events.ts'
import { versions } from './versions.ts'

/** As plain JavaScript would call it: the compiler refuses most of these before. */
const define = (schema: unknown): unknown => defineEvents('order', { created: schema as never })
const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })

test.each([
  ['z.date()', z.date(), /z\.date\(\)\. Use z\.codec\(z\.iso\.datetime\(\), z\.date\(\)/],
  ['z.coerce.date()', z.coerce.date(), /z\.date\(\)/],
  ['z.bigint()', z.bigint(), /z\.bigint\(\)\. Use z\.codec\(.*BigInt/],
  ['z.int64()', z.int64(), /z\.bigint\(\)/],
  ['z.map()', z.map(z.string(), z.string()), /z\.map\(\)\. Use z\.codec/],
  ['z.set()', z.set(z.string()), /z\.set\(\)\. Use z\.codec/],
  ['z.symbol()', z.symbol(), /z\.symbol\(\)/],
  ['z.undefined()', z.undefined(), /z\.undefined\(\)\. Use \.optional\(\)/],
  ['z.void()', z.void(), /z\.void\(\)/],
  ['z.nan()', z.nan(), /z\.nan\(\)/],
  ['z.any()', z.any(), /z\.any\(\)\. Use z\.json\(\)/],
  ['z.unknown()', z.unknown(), /z\.unknown\(\)\. Use z\.json\(\)/],
  ['z.function()', z.function(), /z\.function\(\)/],
  ['z.promise()', z.promise(z.string()), /z\.promise\(\)/],
  ['z.file()', z.file(), /z\.file\(\)/],
  ['z.custom()', z.custom<string>(), /z\.custom\(\)/],
  ['z.instanceof()', z.instanceof(Date), /z\.custom\(\)/],
  ['a transform', z.string().transform((s) => new Date(s)), /one-way transform\. A transform has no way back/],
  ['z.preprocess()', z.preprocess(String, z.string()), /one-way transform/],
  ['z.coerce.number()', z.coerce.number(), /z\.coerce\.number\(\), which accepts anything/],
  ['z.literal(1n)', z.literal(1n), /z\.literal\(\) of a bigint/],
  ['z.literal(undefined)', z.literal(undefined), /z\.literal\(\) of a undefined/],
] as readonly (readonly [string, z.ZodType, RegExp])[])(
  '%s is refused at definition, wherever it stands, with its place and what to use instead',
  (_name, schema, message) => {
    const places: readonly (readonly [string, unknown])[] = [
      ['the payload itself', schema],
      ['"a"', z.object({ a: schema })],
      ['"a"', z.object({ a: schema.optional() })],
      ['"a"', z.object({ a: schema.nullable() })],
      ['"a"', z.object({ a: schema.readonly() })],
      ['"a.b"', z.object({ a: z.object({ b: schema }) })],
      ['"a[]"', z.object({ a: z.array(schema) })],
      ['"a[1].b"', z.object({ a: z.tuple([z.string(), z.object({ b: schema })]) })],
      ['"a[]"', z.object({ a: z.tuple([z.string()], schema) })],
      ['"a.*"', z.object({ a: z.record(z.string(), schema) })],
      ['"*"', z.object({}).catchall(schema)],
      ['"a"', z.object({ a: z.union([z.string(), schema]) })],
      ['"a"', z.object({ a: z.intersection(z.string(), schema) })],
      ['"a"', z.object({ a: z.intersection(schema, z.string()) })],
      ['"a"', z.object({ a: z.lazy(() => schema) })],
      ['"b"', z.discriminatedUnion('k', [z.object({ k: z.literal('x') }), z.object({ k: z.literal('y'), b: schema })])],
      ['"a"', z.object({ a: schema.pipe(z.string() as never) })],
    ]
    for (const [place, whole] of places) {
      expect(() => define(whole)).toThrow(DefinitionError)
      expect(() => define(whole)).toThrow(message)
      expect(() => define(whole)).toThrow(
        new RegExp(`event order\\.created is not JSON-stable: .*${place.replace(/[[\].*]/g, '\\$&')} is `, 's'),
      )
    }
  },
)

test('every problem is named at once, for events, commands and older versions alike', () => {
  expect(() => define(z.object({ at: z.date(), n: z.array(z.bigint()) }))).toThrow(/"at" is z\.date\(\).*"n\[\]" is z\.bigint\(\)/s)
  expect(() => defineCommands('order', { create: creates(z.object({ at: z.date() }) as never) })).toThrow(
    /command order\.create is not JSON-stable/,
  )
  expect(() =>
    define(
      versions(z.object({ at: z.date() }) as never)
        .next(z.object({}))
        .from(() => ({})),
    ),
  ).toThrow(/event order\.created \(schema version 1\) is not JSON-stable/)
})

test('what may be absent is refused where JSON needs a value', () => {
  expect(() => define(z.object({ a: z.array(z.string().optional()) }))).toThrow(/"a\[\]" may be absent where JSON needs a value.*nullable/)
  expect(() => define(z.object({ a: z.tuple([z.string().optional()]) }))).toThrow(/"a\[0\]" may be absent/)
  expect(() => define(z.object({}).optional())).toThrow(/the payload itself may be absent/)
  expect(() => define(z.object({ a: z.string().optional(), b: z.array(z.string().optional().default('')) }))).not.toThrow()
})

test('JSON-stable schemas pass: every kind that JSON carries, checks, brands, defaults, codecs, recursion', () => {
  const Tree = z.object({
    name: z.string(),
    get children() {
      return z.array(Tree)
    },
  })
  const schema = z.object({
    text: z.string().trim().toLowerCase().brand<'Text'>(),
    mail: z.email(),
    when: z.iso.datetime(),
    n: z.number(),
    i: z.int().positive(),
    ok: z.boolean(),
    none: z.null(),
    pick: z.enum(['a', 'b']),
    lit: z.literal(['a', 1, true, null]),
    tpl: z.templateLiteral(['a', z.number()]),
    maybe: z.string().optional(),
    nullish: z.string().nullish(),
    list: z.array(z.string()).min(1),
    pair: z.tuple([z.string(), z.number()]),
    map: z.record(z.string(), z.json()),
    either: z.union([z.string(), z.number()]),
    both: z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
    def: z.string().default('x'),
    pre: z.string().prefault('x'),
    safe: z.string().catch('x'),
    sure: z.string().optional().nonoptional(),
    frozen: z.array(z.string()).readonly(),
    refined: z.string().refine((s) => s !== ''),
    over: z.string().overwrite((s) => s.toUpperCase()),
    piped: z.string().pipe(z.email()),
    tree: Tree,
    date: isoDate,
    flag: z.stringbool(),
    strict: z.strictObject({ a: z.string() }),
  })
  expect(() => define(schema)).not.toThrow()
  expect(() => defineEvents('order', { created: schema })).not.toThrow()
})

function coded(schema: unknown): boolean | undefined {
  return defineEvents('order', { created: schema as never }).$models.get('created')?.newest.coded
}

test('only a schema with a codec has two forms', () => {
  expect(coded(z.object({ a: z.string().default('x'), b: z.string().pipe(z.email()) }))).toBe(false)
  expect(coded(z.object({ a: z.array(z.object({ b: isoDate.nullable() })) }))).toBe(true)
  expect(coded(z.object({ a: z.stringbool() }))).toBe(true)
})

test('a definition that is no schema, or lacks its upcaster, is refused', () => {
  expect(() => define({})).toThrow(/neither a zod schema nor versions/)
  expect(() => define(undefined)).toThrow(/neither a zod schema nor versions/)
  expect(() => define(versions(z.object({})).next(z.object({})))).toThrow(
    /event order\.created ends with \.next\(schema\) and has no upcaster/,
  )
  const chain = versions(z.object({}))
  expect(() => define({ latest: chain.latest, steps: [...chain.steps, { schema: z.object({}), lift: undefined }] })).toThrow(
    /schema version 2\) has no upcaster from version 1/,
  )
  expect(() => define({ latest: chain.latest, steps: [] })).toThrow(/empty version chain/)
})
