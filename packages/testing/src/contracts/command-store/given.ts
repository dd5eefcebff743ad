import {
  hashCommand,
  uuidv7,
  type AppendRequest,
  type Command,
  type CommandFailure,
  type CommandStatus,
  type StatusChange,
  type StoredCommand,
} from '@cairn/core'
import { eventsOf } from '../event-store/given.ts'
import type { CommandStoreContext } from './context.ts'

export function commandIn(tenantId: string, changes: Partial<Command> = {}): Command {
  return {
    id: uuidv7(),
    tenantId,
    type: 'order.create',
    aggregateType: 'order',
    aggregateId: uuidv7(),
    payload: { customerId: 'c-1' },
    metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1 },
    ...changes,
  }
}

/** What carrying a command out appends, whoever does it. */
export function appendOf(command: Command, count = 1): AppendRequest {
  const { id, tenantId, aggregateType, aggregateId } = command
  const stream = { tenantId, aggregateType, aggregateId }
  return { stream, expected: 'any', events: eventsOf(count), command: { id, hash: hashCommand(command) } }
}

/** Stores so many pending commands, one after another: oldest first, and ascending by id. */
export async function givenPending({ store, tenantId }: CommandStoreContext, count: number): Promise<readonly StoredCommand[]> {
  const stored: StoredCommand[] = []
  for (let i = 0; i < count; i++) stored.push(await store.upsert(commandIn(tenantId, { payload: { n: i + 1 } })))
  return stored
}

export const failure: CommandFailure = { code: 'CAIRN_BUSINESS_RULE', message: 'The order is closed.', retryable: false }

export const changeTo: Readonly<Record<CommandStatus, StatusChange>> = {
  pending: { status: 'pending' },
  consumed: { status: 'consumed' },
  processed: { status: 'processed', result: { version: 1 } },
  failed: { status: 'failed', error: failure },
}

/** A command in the status asked for. */
export async function givenStatus(context: CommandStoreContext, status: CommandStatus): Promise<StoredCommand> {
  const { store, tenantId } = context
  const pending = await store.upsert(commandIn(tenantId))
  return status === 'pending' ? pending : store.markStatus(tenantId, pending.command.id, changeTo[status])
}

export function idsOf(commands: readonly StoredCommand[]): readonly string[] {
  return commands.map(({ command }) => command.id)
}
