import { storedForm } from '../definition/stored-form.ts'
import { DefinitionError } from '../errors/domain.ts'
import { readStored } from '../upcasting/upcast.ts'
import { versionedSchema, type VersionedSchema } from '../upcasting/versioned-schema.ts'
import { maxPayloadDepth } from '../validation/encode-payload.ts'

/** The state of a process manager between what its reactions get and give, and the JSON that is kept. */
export interface StateForm {
  /** Of the schema; 1 without one. */
  readonly version: number
  /** True where reading makes new objects each time, of whatever class. */
  readonly coded: boolean
  /** @throws SchemaValidationError, DefinitionError for what would not come back */
  store(state: unknown): unknown
  /** @throws UpcastError */
  read(stateVersion: number, stored: unknown): unknown
}

/**
 * @param options.initial none: instances begin with null, whatever the schema says
 * @throws DefinitionError when the schema is not JSON-stable or its chain is not whole
 */
export function stateForm(processManager: string, options: { readonly state?: unknown; readonly initial?: unknown }): StateForm {
  const what = `state of process manager ${processManager}`
  if (options.state !== undefined) return formBySchema(versionedSchema(what, options.state), options.initial === undefined)
  return {
    version: 1,
    coded: false,
    store(state) {
      const problem = problemIn(state, '', 0)
      if (problem === undefined) return storedForm(state) ?? null
      throw new DefinitionError(
        `The ${what} ${problem}, which would not be there when the instance is loaded again. Give the process manager a state schema with a codec for it, or keep plain JSON.`,
        { processManager },
      )
    },
    read: (_stateVersion, stored) => stored,
  }
}

function formBySchema(schema: VersionedSchema, beginsWithNull: boolean): StateForm {
  const { what, newest, schemaVersion } = schema
  // Null is of an instance that began before there was an initial state.
  const read = (stateVersion: number, stored: unknown): unknown => (stored === null ? null : readStored(schema, stateVersion, stored))
  return {
    version: schemaVersion,
    coded: newest.coded,
    store(state) {
      if (beginsWithNull && state === null) return null
      const stored = newest.accept(what, state) ?? null
      // A schema leaves out what it does not know, and the instance would go on without it.
      const lost = lostField(state, newest.coded ? read(schemaVersion, stored) : stored, '')
      if (lost === undefined) return stored
      throw new DefinitionError(
        `The schema of the ${what} does not keep "${lost}". Add the field to the schema, or take it out of the state.`,
        { what, path: lost },
      )
    },
    read,
  }
}

function lostField(given: unknown, kept: unknown, path: string): string | undefined {
  if (typeof given !== 'object' || typeof kept !== 'object' || given === null || kept === null) return undefined
  if (given instanceof Map && kept instanceof Map) return lostField([...given.values()], [...kept.values()], path)
  if (!isPlain(given)) return undefined
  const fields = new Map<string, unknown>(Object.entries(kept))
  for (const [key, inner] of Object.entries(given)) {
    if (inner === undefined) continue
    const at = within(path, key)
    const lost = fields.has(key) ? lostField(inner, fields.get(key), at) : at
    if (lost !== undefined) return lost
  }
  return undefined
}

/** What JSON does not have, and would leave out or change. Numbers and text that it cannot express are refused where the text is made. */
function problemIn(value: unknown, path: string, depth: number): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') return `holds a ${typeof value}${place(path)}`
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > maxPayloadDepth) return `nests deeper than ${maxPayloadDepth} levels`
  if (!isPlain(value)) return `holds a ${value.constructor.name}${place(path)}`
  for (const [key, inner] of Object.entries(value)) {
    const problem = problemIn(inner, within(path, key), depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** An array, or an object of no class; of whatever realm. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function within(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function place(path: string): string {
  return path === '' ? '' : ` at "${path}"`
}
