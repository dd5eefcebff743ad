import type { Command, Metadata } from '../contracts/index.ts'
import { idFieldOf } from '../definition/names.ts'
import { InvalidInputError } from '../errors/index.ts'
import { derivedUuid } from '../ids/index.ts'
import type { RawCommand } from '../ports/index.ts'
import type { Registry } from '../registry/index.ts'
import { assertCommand } from '../validation/index.ts'

/** What the admission of commands asks of the registry. */
export type CommandTypes = Pick<Registry, 'command' | 'commandTypes'>

/**
 * Settles what a client left open who wrote a command with SQL alone. The aggregate's id is the row's `aggregate_id`, or the
 * field of the payload that factories take it from (`orderId`), or, where the command creates, derived from the command's id.
 * The payload is of the newest schema unless the metadata says otherwise.
 * @param isHandled tells of a type that no aggregate handles whether somebody else does
 * @throws UnknownTypeError naming the nearest, InvalidInputError, SchemaValidationError
 */
export function admitCommand(registry: CommandTypes, raw: RawCommand, isHandled: (type: string) => boolean = () => false): Command {
  if (!registry.commandTypes.includes(raw.type) && isHandled(raw.type)) return admitHandled(raw)
  const model = registry.command(raw.type)
  const { aggregateType } = model
  if (raw.aggregateType !== undefined && raw.aggregateType !== aggregateType) {
    throw new InvalidInputError('aggregate_type', `${raw.type} is a command of ${aggregateType}, not of ${raw.aggregateType}.`)
  }
  const idField = idFieldOf(aggregateType)
  const { id, payload } = takeId(raw, idField)
  const aggregateId = id ?? (model.creates ? derivedUuid('aggregate', aggregateType, raw.id.toLowerCase()) : undefined)
  if (aggregateId === undefined) {
    throw new InvalidInputError(
      'aggregate_id',
      `Command ${raw.id} (${raw.type}) does not say which ${aggregateType} it is for: give the row an aggregate_id, or its payload a field "${idField}".`,
    )
  }
  const command: Command = {
    id: raw.id,
    tenantId: raw.tenantId,
    type: raw.type,
    aggregateType,
    aggregateId,
    payload,
    metadata: metadataOf(raw, model.schemaVersion),
  }
  assertCommand(command)
  // As a factory would have made it: with defaults filled in, so that both spellings of one command are one command.
  return command.metadata.schemaVersion === model.schemaVersion
    ? { ...command, payload: model.newest.acceptJson(model.what, payload) }
    : command
}

/** Nothing is known of such a command but its type; where the row names no target, it is a target of its own. */
function admitHandled(raw: RawCommand): Command {
  const { id, tenantId, type } = raw
  const aggregateType = raw.aggregateType ?? type.split('.')[0] ?? type
  const field = typeof raw.payload === 'object' && raw.payload !== null ? Reflect.get(raw.payload, idFieldOf(aggregateType)) : undefined
  const aggregateId = raw.aggregateId ?? (typeof field === 'string' ? field : derivedUuid('aggregate', aggregateType, id.toLowerCase()))
  const command: Command = { id, tenantId, type, aggregateType, aggregateId, payload: raw.payload ?? {}, metadata: metadataOf(raw, 1) }
  assertCommand(command)
  return command
}

function takeId(raw: RawCommand, idField: string): { readonly id: string | undefined; readonly payload: unknown } {
  const { aggregateId, payload } = raw
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return { id: aggregateId, payload: payload ?? {} }
  const { [idField]: field, ...rest } = payload as Readonly<Record<string, unknown>>
  if (field === undefined || field === null) return { id: aggregateId, payload: rest }
  if (typeof field !== 'string') {
    throw new InvalidInputError(idField, `"${idField}" in the payload of command ${raw.id} (${raw.type}) must be text.`)
  }
  if (aggregateId !== undefined && aggregateId !== field) {
    throw new InvalidInputError(
      'aggregate_id',
      `Command ${raw.id} (${raw.type}) names two targets: aggregate_id ${aggregateId} and ${idField} ${field}.`,
    )
  }
  return { id: field, payload: rest }
}

function metadataOf({ id, type, metadata }: RawCommand, newest: number): Metadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new InvalidInputError('metadata', `The metadata of command ${id} (${type}) must be a JSON object.`)
  }
  return { correlationId: id, causationId: id, schemaVersion: newest, ...metadata }
}
