import { z } from 'zod'
import { DefinitionError } from '../errors/domain.ts'
import { SchemaValidationError, type SchemaIssue } from '../errors/input.ts'
import { inspectSchema, type SchemaFacts } from './json-stability.ts'
import type { SchemaLike } from './schema-like.ts'
import { storedForm } from './stored-form.ts'

/**
 * A payload's schema at run time.
 *
 * One rule for codecs: what travels and is kept (`NewCommand`, `NewEvent`, stored and recorded events, the wire) is the
 * encoded form, plain JSON; what the code of an aggregate gets and gives (factories, `raise`, handlers, folds) is the
 * decoded form. Without a codec the two are the same value, and reading costs nothing.
 */
export interface PayloadSchema extends SchemaFacts {
  readonly schema: z.core.$ZodType
  /** Validates what a factory or `raise` was given, fills in defaults, and makes the stored form. @throws SchemaValidationError */
  accept(what: string, value: unknown): unknown
  /** Validates JSON that came from outside, fills in defaults, and makes the stored form. @throws SchemaValidationError */
  acceptJson(what: string, value: unknown): unknown
  /** From the stored form to what handlers and folds see. @throws SchemaValidationError only where a codec decodes */
  toDomain(what: string, stored: unknown): unknown
}

/** @throws DefinitionError when the schema's stored form is not JSON-stable */
export function payloadSchema(what: string, schemaLike: SchemaLike): PayloadSchema {
  const schema = zodOf(schemaLike)
  const facts = inspectSchema(what, schema)
  const decode = (name: string, value: unknown): unknown => settle(name, () => z.safeDecode(schema, value as never))
  const encode = (name: string, value: unknown): unknown => storedForm(settle(name, () => z.safeEncode(schema, value)))
  const parse = (name: string, value: unknown): unknown => storedForm(settle(name, () => z.safeParse(schema, value)))
  return facts.coded
    ? { schema, ...facts, accept: encode, acceptJson: (name, value) => encode(name, decode(name, value)), toDomain: decode }
    : { schema, ...facts, accept: parse, acceptJson: parse, toDomain: (_name, stored) => stored }
}

/** `SchemaLike` is the part of a zod schema that types need; at run time it is the whole. */
function zodOf(schema: SchemaLike): z.core.$ZodType {
  return schema as z.core.$ZodType
}

function settle(what: string, run: () => z.ZodSafeParseResult<unknown>): unknown {
  let result: z.ZodSafeParseResult<unknown>
  try {
    result = run()
  } catch (error) {
    if (error instanceof z.core.$ZodAsyncError) {
      throw new DefinitionError(
        `The schema of ${what} has an asynchronous check. Payload schemas must be synchronous: check it before dispatch.`,
        {
          what,
        },
      )
    }
    throw error
  }
  if (result.success) return result.data
  throw new SchemaValidationError(what, result.error.issues.map(issueOf))
}

function issueOf(issue: z.core.$ZodIssue): SchemaIssue {
  return { path: issue.path.map(String).join('.'), message: issue.message }
}
