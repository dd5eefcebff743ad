import type { NewCommand } from '../contracts/command.ts'
import { DefinitionError } from '../errors/domain.ts'
import { newId } from '../ids/new-id.ts'
import { derivedUuid } from '../ids/uuid.ts'
import { assertAggregateId, assertUuid } from '../validation/ids.ts'
import { commandModel, type CommandModel } from './command-model.ts'
import type { CommandDefinitions, CommandOptions, CommandSet, CommandShape } from './command-set.ts'
import { checkAggregateType, checkName, idFieldOf } from './names.ts'

/**
 * Declares the commands of an aggregate, once. Each factory adds a field for the aggregate's id, named after it
 * (`orderId`), and takes it out of the payload again.
 * @throws DefinitionError when a name is not legal, a payload is not JSON-stable or has that field itself
 */
export function defineCommands<const A extends string, const D extends CommandDefinitions>(
  aggregateType: A,
  definitions: D,
): CommandSet<A, { [K in keyof D]: CommandShape<D[K]> }> {
  checkAggregateType(aggregateType)
  const idField = idFieldOf(aggregateType)
  const models = new Map<string, CommandModel>()
  const members: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    checkName('command', aggregateType, name, reserved)
    const creates = typeof definition === 'object' && 'creates' in definition
    const model = commandModel(aggregateType, name, creates ? definition.creates : definition, creates)
    if (!model.newest.objectLike) {
      throw new DefinitionError(`The payload of ${model.what} is not an object: give it fields with z.object({ … }).`, {
        command: model.type,
      })
    }
    if (model.newest.fields.has(idField)) {
      throw new DefinitionError(
        `The payload of ${model.what} has a field "${idField}", which carries the aggregate's id. Leave it out of the schema: the factory adds it.`,
        { command: model.type, idField },
      )
    }
    models.set(name, model)
    members[name] = commandFactory(model, idField)
  }
  const set: unknown = { ...members, $aggregate: aggregateType, $models: models }
  return set as CommandSet<A, { [K in keyof D]: CommandShape<D[K]> }>
}

const reserved: ReadonlySet<string> = new Set()

/** Only the factories give the brand. */
type Unbranded = { [K in keyof NewCommand as K extends string ? K : never]: NewCommand[K] }

function commandFactory(model: CommandModel, idField: string): unknown {
  const make = (input: Record<string, unknown> = {}, options: CommandOptions = {}): NewCommand => {
    const { [idField]: given, ...payload } = input
    if (options.id !== undefined) assertUuid('command id', options.id)
    const aggregateId = given ?? newAggregateId(model, options.id)
    assertAggregateId(idField, aggregateId)
    const command: Unbranded = {
      id: options.id?.toLowerCase() ?? newId(),
      type: model.type,
      aggregateType: model.aggregateType,
      aggregateId,
      payload: model.newest.accept(model.what, payload),
    }
    return command as NewCommand
  }
  return Object.assign(make, { type: model.type })
}

function newAggregateId(model: CommandModel, commandId: string | undefined): string | undefined {
  if (!model.creates) return undefined
  return commandId === undefined ? newId() : derivedUuid('aggregate', model.aggregateType, commandId.toLowerCase())
}
