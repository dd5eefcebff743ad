import type {
  Command,
  CommandBus,
  CommandStorePort,
  Consumer,
  DueCommandsPort,
  HintsPort,
  JobSchedulerPort,
  LoggerPort,
  ProcessManagerDefinition,
  ProcessTransactionsPort,
  RecordedEvent,
  Registry,
  StepServices,
  StreamKey,
} from '@cairn/core'
import type { PgCommandBatches, PgDatabase } from '@cairn/infra/pg'
import type { DatabaseInfo } from '../backend.ts'

/** What an app gives to its scheduler. */
export interface SchedulerContext {
  /** Carries commands out in this process. */
  readonly bus: CommandBus
  readonly registry: Registry
  readonly commands: CommandStorePort
  /** Stored commands of all tenants, for those who carry them out. */
  readonly due: DueCommandsPort
  readonly hints: HintsPort
  readonly batches: PgCommandBatches
  /** What the steps of process managers work with. */
  readonly processes: StepServices & {
    readonly definitions: readonly ProcessManagerDefinition[]
    readonly transactions: ProcessTransactionsPort
    /** An event of the log, lifted to its newest schema. */
    readEvent(stream: StreamKey, version: number): Promise<RecordedEvent | undefined>
  }
  readonly database: DatabaseInfo
  /** The connections of the app. */
  readonly db: PgDatabase
  /** A login that may make schemas and tables, where one is named. */
  readonly ownerUrl: string | undefined
  /** What this process is called in lists. */
  readonly label: string | undefined
  /** False: this process sends, and leaves all work to others. */
  readonly background: boolean
  readonly logger: LoggerPort
}

/** How a stored command went on that a scheduler was given. */
export type HandedOver =
  /** It has ended, and its row says how. */
  | { readonly status: 'processed' | 'failed' }
  /** Somebody outside carries it out, and writes its end into its row. */
  | { readonly status: 'started' }
  /** Not now, and not by any fault of its own. */
  | { readonly status: 'pending'; readonly error: { readonly code: string; readonly message: string } }

export interface RunningScheduler {
  readonly scheduler: JobSchedulerPort
  /** The process managers, where the scheduler runs their steps. @default they run on the app's own engine */
  readonly consumers?: readonly Consumer[] | undefined
  /** Command types that it carries out by itself, beside those of the domains. @default none */
  readonly commandTypes?: readonly string[] | undefined
  /**
   * Takes a stored command that is due. The app then finds what is due in the table and gives it here.
   * @default the scheduler finds by itself what is due
   */
  readonly carryOut?: ((command: Command) => Promise<HandedOver>) | undefined
  /** Rejects when the scheduler cannot be reached. @default it always can */
  readonly check?: (() => Promise<void>) | undefined
  /** Resolves when it works; need not be waited for. */
  readonly ready: Promise<void>
  /** Takes nothing new, lets what is under way end, and closes its connections. The app's consumers have stopped by then. */
  stop(): Promise<void>
}

/** A scheduler to be started with an app: `temporal({ … })` of `@cairn/infra/temporal`, say. */
export interface SchedulerSetup {
  /** For people. */
  readonly kind: string
  start(context: SchedulerContext): RunningScheduler
}

/** By name, or one that is set up by itself. */
export type SchedulerOption = 'postgres' | 'in-process' | SchedulerSetup
