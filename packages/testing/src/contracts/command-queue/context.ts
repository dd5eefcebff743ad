import { uuidv7, type CommandQueuePort, type CommandStorePort } from '@cairn/core'

export interface CommandQueueFixture {
  readonly store: CommandStorePort
  /** Runs work in a transaction of the tenant that commits with it, and rolls back when it throws. */
  transaction<T>(tenantId: string, work: (commands: CommandQueuePort) => Promise<T>): Promise<T>
  cleanup(): Promise<void>
}

export interface CommandQueueContext extends Omit<CommandQueueFixture, 'cleanup'> {
  readonly tenantId: string
}

export function commandQueueContext({ store, transaction }: CommandQueueFixture): CommandQueueContext {
  return { store, transaction, tenantId: `tenant-${uuidv7()}` }
}
