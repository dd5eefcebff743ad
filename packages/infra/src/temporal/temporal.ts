import { silentLogger, type Command, type CommandBus, type CommandStorePort, type Consumer, type LoggerPort } from '@cairn/core'
import { Client, Connection } from '@temporalio/client'
import type { CommandBatches } from './command-batches.ts'
import { TemporalUnavailableError } from './errors.ts'
import { ProcessForwarder } from './process-forwarder.ts'
import type { ProcessParts } from './processes.ts'
import { resolveRouterOptions, type RouterOptions } from './routing/router-options.ts'
import { WorkflowRouter } from './routing/workflow-router.ts'
import { sharedQueue, type TaskQueues } from './task-queues.ts'
import { TemporalScheduler, type CarriedOut } from './temporal-scheduler.ts'
import { assertWorkerFits } from './worker/assert-worker-fits.ts'
import { createTemporalWorker, type ConnectionSecurity, type TemporalWorkerOptions } from './worker/create-temporal-worker.ts'
import { SupervisedWorker } from './worker/supervised-worker.ts'

/** What a worker of the same process may be told beside the common options. */
export type OwnWorkerOptions = Pick<
  TemporalWorkerOptions,
  | 'workflowsPath'
  | 'activities'
  | 'workflowInterceptorModules'
  | 'interceptors'
  | 'maxAttempts'
  | 'shutdownGraceMs'
  | 'requireUtc'
  | 'tuning'
>

export interface TemporalOptions extends RouterOptions {
  /** Host and port. @default TEMPORAL_ADDR from the environment, else '127.0.0.1:7233' */
  readonly address?: string | undefined
  /** @default 'default' */
  readonly namespace?: string | undefined
  /** TLS, API key and the like, for client and worker. */
  readonly connection?: ConnectionSecurity | undefined
  /** @default one queue for all, 'cairn' */
  readonly taskQueues?: TaskQueues | undefined
  /** Which command types are carried out by a user's own workflow, and by which. @default none: all go to their aggregates */
  readonly workflows?: Readonly<Record<string, string>> | undefined
  /** Further workflow types that `scheduleWorkflow` may start. */
  readonly workflowTypes?: readonly string[] | undefined
  /** False runs no worker in this process: others do. @default a worker with Cairn's own workflows */
  readonly worker?: false | OwnWorkerOptions | undefined
}

/** What an app gives to its scheduler. */
export interface TemporalContext {
  readonly bus: Pick<CommandBus, 'dispatchAll'>
  readonly commands: CommandStorePort
  /** Rows in bulk. @default over `commands`, one statement per row */
  readonly batches?: CommandBatches | undefined
  /** @default no process managers */
  readonly processes?: ProcessParts | undefined
  readonly logger?: LoggerPort | undefined
  /** False: this process sends, and leaves all work to others: it runs no worker. @default true */
  readonly background?: boolean | undefined
}

export interface RunningTemporal {
  readonly scheduler: TemporalScheduler
  /** The process managers, for the app's subscription engine: they hand events to the workflows of their instances. */
  readonly consumers: readonly Consumer[]
  /** Command types that workflows of the user's own carry out. */
  readonly commandTypes: readonly string[]
  /** `TemporalScheduler.carryOut`, for whoever takes the rows that wait. */
  carryOut(command: Command): Promise<CarriedOut>
  /** @throws TemporalUnavailableError when the server does not answer within two seconds */
  check(): Promise<void>
  /** Resolves when this process' worker runs; at once where it has none. */
  readonly ready: Promise<void>
  /** Takes nothing new, lets what is under way end, and closes the connections. Remove the consumers first. */
  stop(): Promise<void>
}

export interface TemporalSetup {
  readonly kind: 'temporal'
  /** @throws InvalidInputError when it is to run a worker outside of UTC, or without any queue */
  start(context: TemporalContext): RunningTemporal
}

const checkMs = 2_000

/**
 * Commands, timers and process managers through Temporal: `createCairn({ scheduler: temporal({ address }) })`. The server need not
 * be there when the app starts.
 * @throws InvalidInputError naming the option
 */
export function temporal(options: TemporalOptions = {}): TemporalSetup {
  const router = resolveRouterOptions(options)
  const address = options.address ?? process.env['TEMPORAL_ADDR'] ?? '127.0.0.1:7233'
  const { namespace = 'default', taskQueues = sharedQueue } = options
  return {
    kind: 'temporal',
    start({ bus, commands, batches, processes, logger = silentLogger, background = true }) {
      const worksHere = options.worker !== false && background
      if (worksHere) assertWorkerFits({ ...options.worker, taskQueues })
      const connection = Connection.lazy({ ...options.connection, address })
      const client = new Client({ connection, namespace })
      const commandRouter = new WorkflowRouter(client, taskQueues, router)
      const forwarder = new ProcessForwarder(client, taskQueues, processes?.definitions ?? [], router)
      const { workflows, workflowTypes } = options
      const parts = { client, commands, batches, router: commandRouter, forwarder, taskQueues, workflows, workflowTypes }
      const scheduler = new TemporalScheduler(parts)
      const carryOut = scheduler.carryOut.bind(scheduler)
      const common = { address, namespace, connection: options.connection, taskQueues, bus, commands, batches, logger }
      const own = worksHere ? { ...common, ...options.worker, processes: processes && { ...processes, carryOut } } : undefined
      const worker = own && new SupervisedWorker(() => createTemporalWorker(own), logger)
      const stop = async (): Promise<void> => {
        // The worker last: what is under way here may need it.
        await Promise.all([scheduler.stop(), forwarder.close()])
        await worker?.shutdown()
        await connection.close()
      }
      const check = async (): Promise<void> => {
        try {
          await connection.withDeadline(Date.now() + checkMs, () => connection.workflowService.getSystemInfo({}))
        } catch (error) {
          throw new TemporalUnavailableError(`a call to ${address}`, checkMs, error)
        }
      }
      const commandTypes = Object.keys(workflows ?? {})
      return {
        scheduler,
        commandTypes,
        carryOut,
        check,
        consumers: forwarder.consumers(),
        ready: worker?.running ?? Promise.resolve(),
        stop,
      }
    },
  }
}
