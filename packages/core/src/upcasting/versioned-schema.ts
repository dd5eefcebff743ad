import { stepsOf } from '../definition/definition.ts'
import { payloadSchema, type PayloadSchema } from '../definition/payload-schema.ts'
import { DefinitionError } from '../errors/domain.ts'

/** A payload with every version of its schema: of an event, a command or a snapshot. */
export interface VersionedSchema {
  /** What it is, for messages: 'event order.created'. */
  readonly what: string
  /** The newest version, 1..n. */
  readonly schemaVersion: number
  /** The newest schema. */
  readonly newest: PayloadSchema
  /** True when a stored payload of the newest version is validated again. */
  readonly validateOnRead: boolean
  /** `lifts[n]` goes from version n to n + 1 and gives the stored form; there is none at 0. */
  readonly lifts: readonly (((stored: unknown) => unknown) | undefined)[]
}

export interface ReadOptions {
  /**
   * True validates stored payloads of the newest version each time they are read; older ones are validated in any case
   * when they are lifted. Off, a payload that was validated when it was written is trusted.
   * @default false
   */
  readonly validateOnRead?: boolean
}

/** @throws DefinitionError when a schema is not JSON-stable or a step has no upcaster */
export function versionedSchema(what: string, definition: unknown, options: ReadOptions = {}): VersionedSchema {
  const steps = stepsOf(what, definition)
  const lifts: (((stored: unknown) => unknown) | undefined)[] = [undefined]
  let newest: PayloadSchema | undefined
  for (const [index, step] of steps.entries()) {
    const name = steps.length === 1 ? what : `${what} (schema version ${index + 1})`
    const schema = payloadSchema(name, step.schema)
    const lift: unknown = step.lift
    if (index > 0) {
      if (typeof lift !== 'function')
        throw new DefinitionError(`${name} has no upcaster from version ${index}: add .from((old) => …).`, { what })
      lifts.push((stored) => schema.acceptJson(name, lift(stored)))
    }
    newest = schema
  }
  if (newest === undefined) throw new DefinitionError(`${what} has an empty version chain.`, { what })
  return { what, schemaVersion: steps.length, newest, lifts, validateOnRead: options.validateOnRead ?? false }
}
