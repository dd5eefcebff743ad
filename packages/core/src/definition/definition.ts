import { DefinitionError } from '../errors/domain.ts'
import type { JsonSchemaLike, SchemaLike } from './schema-like.ts'
import type { VersionStep } from './versions.ts'

/** What may stand behind the name of an event or a command: a schema, or a chain of schemas made with `versions`. */
export type Definition = JsonSchemaLike | { readonly latest: JsonSchemaLike; readonly steps: readonly VersionStep[] }
export type Definitions = { readonly [name: string]: Definition }

/**
 * The version chain behind a definition; a bare schema is a chain of one.
 * @throws DefinitionError for anything else, such as a `.next(schema)` without its `.from(lift)`
 */
export function stepsOf(what: string, definition: unknown): readonly VersionStep[] {
  if (isSchema(definition)) return [{ schema: definition, lift: undefined }]
  if (isChain(definition)) return definition.steps
  if (typeof definition === 'object' && definition !== null && 'from' in definition) {
    throw new DefinitionError(`${what} ends with .next(schema) and has no upcaster to that version: add .from((old) => …).`, { what })
  }
  throw new DefinitionError(`${what} is defined by something that is neither a zod schema nor versions(…).`, { what })
}

function isSchema(value: unknown): value is SchemaLike {
  return typeof value === 'object' && value !== null && '_zod' in value
}

function isChain(value: unknown): value is { readonly steps: readonly VersionStep[] } {
  return typeof value === 'object' && value !== null && 'latest' in value && 'steps' in value && Array.isArray(value.steps)
}
