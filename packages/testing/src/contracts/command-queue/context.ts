import { uuidv7, type CommandQueuePort, type CommandStorePort, type EventStorePort } from '@cairn/core'

export interface CommandQueueFixture {
  readonly store: CommandStorePort
  /** The log beside it: an id stands for one content in both. */
  readonly events: EventStorePort
  /** Runs work in a transaction of the tenant that commits with it, and rolls back when it throws. Several may be open at once. */
  transaction<T>(tenantId: string, work: (commands: CommandQueuePort) => Promise<T>): Promise<T>
  cleanup(): Promise<void>
}

export interface CommandQueueContext extends Omit<CommandQueueFixture, 'cleanup'> {
  readonly tenantId: string
}

export function commandQueueContext({ store, events, transaction }: CommandQueueFixture): CommandQueueContext {
  return { store, events, transaction, tenantId: `tenant-${uuidv7()}` }
}
