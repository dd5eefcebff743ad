import type { JsonSchema } from '../registry/json-schemas.ts'

const maxSamples = 24
const maxDepth = 8

const formats: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  time: '00:00:00',
  'date-time': '2026-01-01T00:00:00Z',
  duration: 'P1D',
  email: 'someone@example.org',
  uri: 'https://example.org/',
  uuid: '00000000-0000-7000-8000-000000000003',
}

type Schema = JsonSchema

interface Making {
  readonly root: Schema
  readonly depth: number
  /** Fields that may be left out are. */
  readonly bare: boolean
}

/**
 * Values that a JSON Schema of zod's allows, as far as the schema tells: patterns and refinements are not looked at. With all
 * fields, with the required ones, and one for each choice that a field at the top leaves.
 */
export function sampleValues(root: Schema): readonly unknown[] {
  const full: Making = { root, depth: 0, bare: false }
  const samples = variants(root, full).flatMap((variant) => {
    const whole = sample(variant, full)
    const bare = sample(variant, { ...full, bare: true })
    return [whole, bare, ...fieldVariants(variant, whole, full)]
  })
  return samples.slice(0, maxSamples)
}

/** The whole value with another choice in one of its fields. */
function fieldVariants(schema: Schema, whole: unknown, making: Making): readonly unknown[] {
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return []
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    variants(schemaOf(field), making)
      .slice(1)
      .map((variant) => ({ ...whole, [name]: sample(variant, { ...making, depth: making.depth + 1 }) })),
  )
}

/** The choices of a schema, each a schema of its own; the schema itself where it leaves none. */
function variants(schema: Schema, making: Making): readonly Schema[] {
  const resolved = resolve(schema, making.root)
  const branches = resolved.anyOf ?? resolved.oneOf
  if (branches !== undefined) return branches.flatMap((branch) => variants(schemaOf(branch), making)).slice(0, maxSamples)
  if (resolved.enum !== undefined) return resolved.enum.map((value) => ({ const: value }))
  if (resolved.type === 'boolean') return [{ const: true }, { const: false }]
  return [resolved]
}

function sample(schema: Schema, making: Making): unknown {
  if (making.depth > maxDepth) return null
  const resolved = resolve(schema, making.root)
  if (resolved.const !== undefined) return resolved.const
  const [first] = variants(resolved, making)
  if (first !== undefined && first !== resolved) return sample(first, making)
  if (resolved.allOf !== undefined) return Object.assign({}, ...resolved.allOf.map((part) => sample(schemaOf(part), making)))
  switch (resolved.type) {
    case 'string':
      return sampleText(resolved)
    case 'integer':
    case 'number':
      return sampleNumber(resolved)
    case 'array':
      return sampleArray(resolved, making)
    case 'object':
      return sampleObject(resolved, making)
    default:
      return null
  }
}

function sampleText({ format, minLength = 0 }: Schema): string {
  return formats[format ?? ''] ?? 'example'.padEnd(minLength, 'x')
}

function sampleNumber({ minimum, exclusiveMinimum, maximum, multipleOf = 1 }: Schema): number {
  // zod writes the range of safe integers into every integer's schema.
  const least = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + multipleOf : (minimum ?? 1)
  const wanted = Math.max(1, Math.ceil(least / multipleOf) * multipleOf)
  return maximum === undefined ? wanted : Math.min(wanted, maximum)
}

function sampleArray({ items, prefixItems, minItems = 0 }: Schema, making: Making): readonly unknown[] {
  const deeper = { ...making, depth: making.depth + 1 }
  if (prefixItems !== undefined) return prefixItems.map((item) => sample(schemaOf(item), deeper))
  const length = Math.max(minItems, making.bare ? 0 : 1)
  const [item] = [items].flat()
  return item === undefined ? [] : Array.from({ length }, () => sample(schemaOf(item), deeper))
}

function sampleObject({ properties = {}, required = [] }: Schema, making: Making): Readonly<Record<string, unknown>> {
  const deeper = { ...making, depth: making.depth + 1 }
  const fields = Object.entries(properties).filter(([name]) => !making.bare || required.includes(name))
  return Object.fromEntries(fields.map(([name, field]) => [name, sample(schemaOf(field), deeper)]))
}

/** What `$ref` stands for: zod writes '#' and '#/$defs/name'. */
function resolve(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema
  if (schema.$ref === '#') return root
  return schemaOf(root.$defs?.[schema.$ref.slice('#/$defs/'.length)] ?? true)
}

/** `true` and `false` are schemas, too. */
function schemaOf(schema: Schema | boolean): Schema {
  return typeof schema === 'boolean' ? {} : schema
}
