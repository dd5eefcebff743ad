import { CommandBus, EventBus, type AggregateModel, type LoggerPort } from '@cairn/core'
import { openPg, PgCommandBatches, PgCommandStore, PgEventStore, PgProcessStore, type PgDatabase } from '@cairn/infra/pg'
import {
  createTemporalWorker,
  resolveRouterOptions,
  TemporalScheduler,
  WorkflowRouter,
  type RouterOptions,
  type TemporalSchedulerParts,
  type TemporalWorker,
  type TemporalWorkerOptions,
} from '@cairn/infra/temporal'
import { Client, Connection } from '@temporalio/client'
import type { TestFileDatabase } from '../../../support/test-database.ts'
import { journalModel } from './journal.ts'

/** The stores and the bus of one process, on the test file's database. */
export interface Stores {
  readonly db: PgDatabase
  readonly store: PgEventStore
  readonly commands: PgCommandStore
  readonly batches: PgCommandBatches
  readonly processes: PgProcessStore
  readonly bus: CommandBus
  readonly eventBus: EventBus
  close(): Promise<void>
}

export async function openStores(
  { appUrl: url, workerUrl, contextKey, schema }: Pick<TestFileDatabase, 'appUrl' | 'workerUrl' | 'contextKey' | 'schema'>,
  models: Iterable<AggregateModel> = [journalModel],
): Promise<Stores> {
  const db = await openPg({ url, workerUrl, contextKey, schema })
  const store = new PgEventStore(db)
  const eventBus = new EventBus()
  const bus = new CommandBus({ store, models, eventBus })
  const close = async (): Promise<void> => {
    await bus.stop()
    await store.drained()
    await db.close()
  }
  return {
    db,
    store,
    commands: new PgCommandStore(db),
    batches: new PgCommandBatches(db),
    processes: new PgProcessStore(db),
    bus,
    eventBus,
    close,
  }
}

export interface RiggedScheduler {
  readonly scheduler: TemporalScheduler
  readonly router: WorkflowRouter
  readonly client: Client
  close(): Promise<void>
}

/** A scheduler with its own connection and router, as a process of its own would have it. */
export function openScheduler(
  address: string,
  stores: Pick<Stores, 'commands' | 'batches'>,
  options: RouterOptions & Partial<Omit<TemporalSchedulerParts, 'client' | 'router' | 'commands'>> = {},
): RiggedScheduler {
  const connection = Connection.lazy({ address, connectTimeout: 5_000 })
  const client = new Client({ connection })
  const { taskQueues = { kind: 'shared', name: 'cairn' } } = options
  const router = new WorkflowRouter(client, taskQueues, resolveRouterOptions({ idleMs: 2_000, giveUpAfterMs: 120_000, ...options }))
  const scheduler = new TemporalScheduler({ ...options, client, commands: stores.commands, batches: stores.batches, router })
  const close = async (): Promise<void> => {
    await scheduler.stop()
    await connection.close()
  }
  return { scheduler, router, client, close }
}

export function startWorker(
  address: string,
  stores: Pick<Stores, 'bus' | 'commands' | 'batches'>,
  options: Partial<TemporalWorkerOptions> & { readonly logger?: LoggerPort } = {},
): Promise<TemporalWorker> {
  return createTemporalWorker({
    address,
    bus: stores.bus,
    commands: stores.commands,
    batches: stores.batches,
    shutdownGraceMs: 1_000,
    ...options,
  })
}
