import { z } from 'zod'
import type { CommandModel } from '../definition/command-model.ts'
import type { EventModel } from '../definition/event-model.ts'

/** JSON Schema, draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

export interface PayloadJsonSchema {
  readonly schemaVersion: number
  readonly schema: JsonSchema
}

/** The payloads of an app as JSON Schema, by full type. */
export interface PayloadJsonSchemas {
  /** What a caller sends: fields with a default may be left out. The aggregate's id is not part of it. */
  readonly commands: Readonly<Record<string, PayloadJsonSchema>>
  /** What is stored: the newest version. */
  readonly events: Readonly<Record<string, PayloadJsonSchema>>
}

export function payloadJsonSchemas(commands: Iterable<CommandModel>, events: Iterable<EventModel>): PayloadJsonSchemas {
  return {
    commands: Object.fromEntries([...commands].map((model) => [model.type, jsonSchemaOf(model, 'input')])),
    // What a codec stores is its input.
    events: Object.fromEntries([...events].map((model) => [model.type, jsonSchemaOf(model, model.newest.coded ? 'input' : 'output')])),
  }
}

function jsonSchemaOf(model: CommandModel | EventModel, io: 'input' | 'output'): PayloadJsonSchema {
  return { schemaVersion: model.schemaVersion, schema: z.toJSONSchema(model.newest.schema, { io }) }
}
