import { silentLogger, type CommandBus, type CommandStorePort, type LoggerPort } from '@cairn/core'
import { NativeConnection, Worker, type NativeConnectionOptions, type WorkerInterceptors, type WorkerOptions } from '@temporalio/worker'
import { executeCommands } from '../activities/execute-commands.ts'
import { finishCommand } from '../activities/finish-command.ts'
import { runCommands, type RunCommandsParts } from '../activities/run-commands.ts'
import { stepProcess } from '../activities/step-process.ts'
import { commandBatches, type CommandBatches } from '../command-batches.ts'
import type { ProcessParts } from '../processes.ts'
import { queuesToServe, sharedQueue, type TaskQueues } from '../task-queues.ts'
import type { CairnActivities } from '../workflows/contract.ts'
import { assertWorkerFits } from './assert-worker-fits.ts'
import { installRuntime } from './temporal-logger.ts'
import { workflowBundle } from './workflow-bundle.ts'

/** How to get into the server, the same for clients and workers. */
export type ConnectionSecurity = Pick<NativeConnectionOptions, 'tls' | 'apiKey'>

export interface TemporalWorkerOptions {
  /** Host and port. @default '127.0.0.1:7233' */
  readonly address?: string | undefined
  /** @default 'default' */
  readonly namespace?: string | undefined
  /** TLS, API key and the like. */
  readonly connection?: ConnectionSecurity | undefined
  /** @default one queue for all, 'cairn' */
  readonly taskQueues?: TaskQueues | undefined
  readonly bus: Pick<CommandBus, 'dispatchAll'>
  readonly commands: CommandStorePort
  /** Rows in bulk. @default over `commands`, one statement per row */
  readonly batches?: CommandBatches | undefined
  /** Process managers, and how their commands get to their aggregates: `TemporalScheduler.carryOut`. @default none */
  readonly processes?: (ProcessParts & Pick<RunCommandsParts, 'carryOut'>) | undefined
  /** A module with a user's own workflows; it says `export * from '@cairn/infra/temporal/workflows'` too. @default Cairn's alone */
  readonly workflowsPath?: string | undefined
  /** A user's own activities. */
  readonly activities?: object | undefined
  /** Modules with interceptors for the sandbox (OpenTelemetry's, say). */
  readonly workflowInterceptorModules?: readonly string[] | undefined
  readonly interceptors?: Omit<WorkerInterceptors, 'workflowModules'> | undefined
  /** A command that was consumed so often and still meets conflicts fails. @default 10 */
  readonly maxAttempts?: number | undefined
  /** How long a shutdown waits for what is under way, milliseconds. @default 10_000 */
  readonly shutdownGraceMs?: number | undefined
  /** Refuses to run outside of UTC. @default true */
  readonly requireUtc?: boolean | undefined
  /** Places, sinks, caches and everything else that Temporal's workers have options for. */
  readonly tuning?: Partial<WorkerOptions> | undefined
  /** @default silent */
  readonly logger?: LoggerPort | undefined
}

export interface TemporalWorker extends AsyncDisposable {
  readonly taskQueues: readonly string[]
  /** Resolves when it was shut down. @throws what ended it otherwise */
  readonly ended: Promise<void>
  /** Takes nothing new, lets what is under way end within the grace time, and closes the connection. May be called again. */
  shutdown(): Promise<void>
}

/**
 * Starts a worker for each task queue of this process.
 * @throws InvalidInputError when the process is not in UTC, or there is no queue to serve; TransportError when the server cannot be reached
 */
export async function createTemporalWorker(options: TemporalWorkerOptions): Promise<TemporalWorker> {
  assertWorkerFits(options)
  const logger = (options.logger ?? silentLogger).child({ component: 'temporal' })
  installRuntime(logger)
  const taskQueues = queuesToServe(options.taskQueues ?? sharedQueue)
  const [bundle, connection] = await Promise.all([
    workflowBundle(logger, options.workflowsPath, options.workflowInterceptorModules),
    NativeConnection.connect({ ...options.connection, address: options.address ?? '127.0.0.1:7233' }),
  ])
  try {
    const activities = activitiesOf(options, logger)
    const workers = await Promise.all(
      taskQueues.map((taskQueue) =>
        Worker.create({
          shutdownGraceTime: options.shutdownGraceMs ?? 10_000,
          // How long the tasks of a dead worker wait for it before any other gets them.
          stickyQueueScheduleToStartTimeout: 2_000,
          ...options.tuning,
          ...(options.interceptors === undefined ? {} : { interceptors: options.interceptors }),
          connection,
          namespace: options.namespace ?? 'default',
          taskQueue,
          workflowBundle: bundle,
          activities,
        }),
      ),
    )
    return run(workers, taskQueues, connection)
  } catch (error) {
    await connection.close()
    throw error
  }
}

function activitiesOf(options: TemporalWorkerOptions, logger: LoggerPort): object {
  const { bus, commands, processes, maxAttempts = 10, batches = commandBatches(commands) } = options
  const own: Partial<CairnActivities> = {
    cairnExecuteCommands: executeCommands({ batches, bus, logger, maxAttempts }),
    cairnFinishCommand: finishCommand(commands),
    ...(processes === undefined
      ? {}
      : { cairnStepProcess: stepProcess(processes, batches), cairnRunCommands: runCommands({ batches, carryOut: processes.carryOut }) }),
  }
  return { ...options.activities, ...own }
}

function run(workers: readonly Worker[], taskQueues: readonly string[], connection: NativeConnection): TemporalWorker {
  const stopAll = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  const runAll = async (): Promise<void> => {
    try {
      // One that fails takes the others with it: a process that serves half of its queues looks healthy and is not.
      await Promise.all(
        workers.map((worker) =>
          worker.run().catch((error: unknown) => {
            stopAll()
            throw error
          }),
        ),
      )
    } finally {
      await Promise.all(workers.map((worker) => untilStopped(worker)))
      await connection.close()
    }
  }
  const ended = runAll()
  // Whoever awaits `ended` or `shutdown` gets the error; that nobody does must not end the process.
  ended.catch(() => undefined)
  const shutdown = (): Promise<void> => {
    stopAll()
    return ended
  }
  return { taskQueues, ended, shutdown, [Symbol.asyncDispose]: shutdown }
}

async function untilStopped(worker: Worker): Promise<void> {
  while (!['STOPPED', 'FAILED'].includes(worker.getState())) await new Promise((resolve) => setTimeout(resolve, 10))
}
