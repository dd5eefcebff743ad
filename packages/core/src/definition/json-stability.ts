import type { z } from 'zod'
import { DefinitionError } from '../errors/domain.ts'
import { topFields, type TopFields } from './top-fields.ts'
import { definitionOf } from './zod-definition.ts'

export interface SchemaFacts extends TopFields {
  /** True when a codec stands somewhere inside. */
  readonly coded: boolean
}

/**
 * Walks a schema and refuses what would not come back from JSON as it went in, or could not be read twice.
 * @throws DefinitionError naming each place and what to use instead
 */
export function inspectSchema(what: string, schema: z.core.$ZodType): SchemaFacts {
  const walk: Walk = { problems: [], seen: new Set(), coded: false }
  visit(walk, schema, '', false)
  if (walk.problems.length > 0) {
    throw new DefinitionError(`The schema of ${what} is not JSON-stable: ${walk.problems.join(' ')}`, { what, problems: walk.problems })
  }
  return { coded: walk.coded, ...topFields(schema) }
}

interface Walk {
  readonly problems: string[]
  readonly seen: Set<z.core.$ZodType>
  coded: boolean
}

/** What stands in for a type that JSON does not have. */
const remedies: Readonly<Partial<Record<z.core.$ZodTypeDef['type'], string>>> = {
  date: 'Use z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() }), or keep the text.',
  bigint:
    'Use z.codec(z.string().regex(/^-?\\d+$/), z.bigint(), { decode: (text) => BigInt(text), encode: (n) => n.toString() }), or keep the text.',
  map: 'Use z.codec(z.array(z.tuple([key, value])), z.map(key, value), { decode: (pairs) => new Map(pairs), encode: (map) => [...map] }), or z.record().',
  set: 'Use z.codec(z.array(value), z.set(value), { decode: (values) => new Set(values), encode: (set) => [...set] }), or z.array().',
  symbol: 'Use z.enum() or z.literal() with text.',
  undefined: 'Use .optional() on a field, or z.null().',
  void: 'Use .optional() on a field, or z.null().',
  nan: 'Use z.number().nullable().',
  any: 'Use z.json() for arbitrary JSON.',
  unknown: 'Use z.json() for arbitrary JSON.',
  function: 'Store what the function needs, not the function.',
  promise: 'Await it before the event is made.',
  file: 'Store the file elsewhere, and its address here.',
  custom: 'Use the zod schema of its JSON form with .refine(), or z.codec().',
  transform: 'A transform has no way back: use z.codec(), .overwrite() where the type stays the same, or compute it in the handler.',
  success: 'Check it in the handler.',
}

function visit(walk: Walk, schema: z.core.$ZodType, path: string, mayBeAbsent: boolean): void {
  const def = definitionOf(schema)
  if (def.type === 'optional' && !mayBeAbsent) {
    refuse(walk, path, 'may be absent where JSON needs a value (it would come back as null).', 'Use .nullable().')
  }
  if (walk.seen.has(schema)) return
  walk.seen.add(schema)
  const remedy = remedies[def.type]
  if (remedy !== undefined) return refuse(walk, path, `is ${spelling(def.type)}.`, remedy)
  if ('coerce' in def && def.coerce === true) {
    return refuse(
      walk,
      path,
      `is z.coerce.${def.type}(), which accepts anything.`,
      `Use z.${def.type}(), or z.codec() from the form that arrives.`,
    )
  }
  switch (def.type) {
    case 'object':
      for (const [key, inner] of Object.entries(def.shape)) visit(walk, inner, field(path, key), true)
      if (def.catchall !== undefined) visit(walk, def.catchall, field(path, '*'), true)
      return
    case 'record':
      visit(walk, def.keyType, path, false)
      return visit(walk, def.valueType, field(path, '*'), true)
    case 'array':
      return visit(walk, def.element, `${path}[]`, false)
    case 'tuple':
      for (const [index, inner] of def.items.entries()) visit(walk, inner, `${path}[${index}]`, false)
      if (def.rest !== null) visit(walk, def.rest, `${path}[]`, false)
      return
    case 'union':
      for (const option of def.options) visit(walk, option, path, mayBeAbsent)
      return
    case 'intersection':
      visit(walk, def.left, path, mayBeAbsent)
      return visit(walk, def.right, path, mayBeAbsent)
    case 'pipe':
      if ('reverseTransform' in def && def.reverseTransform !== undefined) walk.coded = true
      else visit(walk, def.out, path, mayBeAbsent)
      // A codec's other side is never stored.
      return visit(walk, def.in, path, mayBeAbsent)
    case 'nonoptional':
      return visit(walk, def.innerType, path, true)
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return visit(walk, def.innerType, path, mayBeAbsent || def.type === 'default' || def.type === 'prefault')
    case 'lazy':
      return visit(walk, def.getter(), path, mayBeAbsent)
    case 'literal':
      for (const value of def.values)
        if (!isJsonLiteral(value)) refuse(walk, path, `is z.literal() of a ${typeof value}.`, 'Use text, a number, a boolean or null.')
      return
    default:
      return
  }
}

function refuse(walk: Walk, path: string, problem: string, remedy: string): void {
  walk.problems.push(`${path === '' ? 'the payload itself' : `"${path}"`} ${problem} ${remedy}`)
}

function field(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function spelling(type: string): string {
  return type === 'transform' ? 'a one-way transform' : `z.${type}()`
}

function isJsonLiteral(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
