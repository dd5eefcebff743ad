import { setTimeout as sleep } from 'node:timers/promises'
import {
  uuidv7,
  type CommandStorePort,
  type CommandWorkerInfo,
  type DueCommandsPort,
  type EventStorePort,
  type RawCommand,
  type StoredCommand,
} from '@cairn/core'
import { commandIn } from '../command-store/given.ts'

/** What a factory hands to the suite. */
export interface DueCommandsFixture {
  readonly due: DueCommandsPort
  /** Another process over the same data, as far as it can tell. @default `due` */
  readonly rival?: DueCommandsPort
  readonly store: CommandStorePort
  /** The log beside it. */
  readonly events: EventStorePort
  /** Writes a row as a client does that knows nothing of Cairn; answers its id. */
  insert(row: Pick<RawCommand, 'tenantId' | 'type' | 'payload'> & Partial<RawCommand>): Promise<string>
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets: tenants and types of its own, so that one database serves the whole suite. */
export interface DueCommandsContext extends Omit<DueCommandsFixture, 'rival' | 'cleanup'> {
  readonly rival: DueCommandsPort
  readonly tenantId: string
  readonly type: string
  readonly worker: CommandWorkerInfo
  readonly otherWorker: CommandWorkerInfo
  /** Stores a pending command; answers its id. */
  given(aggregateId: string, options?: { readonly dueAt?: Date; readonly type?: string }): Promise<string>
}

/** Long for a test, short for a person. */
export const leaseMs = 60_000

export function dueCommandsContext({ due, rival = due, store, events, insert }: DueCommandsFixture): DueCommandsContext {
  const tenantId = `tenant-${uuidv7()}`
  const type = `order.create${uuidv7()}`
  const workerOf = (label: string): CommandWorkerInfo => ({ id: uuidv7(), label, types: [type] })
  return {
    due,
    rival,
    store,
    events,
    insert: (row) => insert(row),
    tenantId,
    type,
    worker: workerOf('one'),
    otherWorker: workerOf('other'),
    async given(aggregateId, options = {}) {
      const { command } = await store.upsert(commandIn(tenantId, { type: options.type ?? type, aggregateId }), { dueAt: options.dueAt })
      return command.id
    },
  }
}

/** What the worker is given first, as soon as something is due for it; nothing where nothing comes within ten seconds. */
export async function claimedInTime({ due, worker }: DueCommandsContext): Promise<readonly StoredCommand[]> {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(20)) {
    const { commands } = await due.claimDue(worker, 10)
    if (commands.length > 0) return commands
  }
  return []
}
