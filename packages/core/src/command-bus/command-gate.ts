import type { AggregateModel } from '../aggregate/index.ts'
import type { Command } from '../contracts/index.ts'
import { InvalidInputError, NotAuthorizedError, TenantMismatchError } from '../errors/index.ts'
import { idleCheckType } from '../process-managers/idle-check.ts'
import type { Policies } from '../policies/index.ts'
import { assertAggregateId, assertExpectedVersion, assertTenantId, assertUuid } from '../validation/index.ts'
import type { CommandMessage } from './command-message.ts'

/**
 * What every command passes before it is decided: validation, authorisation, the tenant guard. Each refuses once and for
 * good. Returns the command with its payload parsed and defaults filled in.
 * @throws SchemaValidationError, InvalidInputError, NotAuthorizedError, TenantMismatchError
 */
export function passGate(message: CommandMessage, model: AggregateModel | undefined, policies: Policies): Command {
  const command = validate(message, model)
  authorise(command, policies)
  if (command.tenantId !== message.tenantId) {
    throw new TenantMismatchError(message.tenantId, command.tenantId, `Command ${command.type} ${command.id}`)
  }
  return command
}

function validate({ command, expectedVersion }: CommandMessage, model: AggregateModel | undefined): Command {
  assertUuid('command id', command.id)
  assertTenantId(command.tenantId)
  assertAggregateId('aggregateId', command.aggregateId)
  if (expectedVersion !== undefined) assertExpectedVersion(expectedVersion)
  if (model === undefined) return command
  if (command.aggregateType !== model.aggregateType) {
    throw new InvalidInputError(
      'aggregateType',
      `${command.type} is a command of ${model.aggregateType}, not of ${command.aggregateType}. Make commands with their factory.`,
    )
  }
  return { ...command, payload: model.parseCommand(command.type, command.payload, command.metadata.schemaVersion) }
}

function authorise(command: Command, policies: Policies): void {
  // What a timer of Cairn's own asks for is decided by the time alone.
  if (policies.empty || command.type === idleCheckType) return
  const { tenantId, metadata } = command
  const { userId, role } = metadata
  if (!policies.isCommandAllowed({ command, tenantId, userId, role })) throw new NotAuthorizedError(command.type, tenantId, role)
}
