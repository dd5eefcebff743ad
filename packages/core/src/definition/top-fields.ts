import type { z } from 'zod'
import { definitionOf } from './zod-definition.ts'

export interface TopFields {
  /** Names of the fields at the top, as far as the schema tells. */
  readonly fields: ReadonlySet<string>
  /** True when every value is an object with fields. */
  readonly objectLike: boolean
}

export function topFields(schema: z.core.$ZodType): TopFields {
  const fields = new Set<string>()
  return { objectLike: collect(schema, fields, new Set()), fields }
}

/** Adds the names; true when every value is an object. */
function collect(schema: z.core.$ZodType, fields: Set<string>, seen: Set<z.core.$ZodType>): boolean {
  const def = definitionOf(schema)
  if (seen.has(schema)) return true
  seen.add(schema)
  switch (def.type) {
    case 'object':
      for (const key of Object.keys(def.shape)) fields.add(key)
      return true
    case 'record':
      return true
    case 'union':
      return def.options.map((option) => collect(option, fields, seen)).every(Boolean)
    case 'intersection':
      return [def.left, def.right].map((side) => collect(side, fields, seen)).every(Boolean)
    case 'pipe':
      return [def.in, def.out].map((side) => collect(side, fields, seen)).every(Boolean)
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return collect(def.innerType, fields, seen)
    case 'lazy':
      return collect(def.getter(), fields, seen)
    default:
      return false
  }
}
