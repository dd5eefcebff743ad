import type {
  DomainFinding,
  FaultHook,
  HintsPort,
  LoggerPort,
  LogReaderPort,
  ProjectionDefinition,
  ProjectionStorePort,
  RecordedEvent,
  RowStorePort,
  SubscriptionStorePort,
} from '@cairn/core'

/**
 * Everything that rebuilds and the command need of an app: its projections, and the ports to its database. The command gets
 * one from the `openProjectionHost` of `cairn.config.ts`.
 */
export interface ProjectionHost {
  /** Every projection of the app, each name once. */
  readonly projections: readonly ProjectionDefinition[]
  readonly reader: LogReaderPort
  readonly subscriptions: SubscriptionStorePort
  /** Makes and drops tables: needs the schema owner's rights. */
  readonly store: ProjectionStorePort
  /** Rows, outside of transactions. */
  readonly rows: RowStorePort
  /** A stored event with its payload in the newest schema. @throws UpcastError */
  lift(event: RecordedEvent): RecordedEvent
  /** True for an event type that some domain of the app defines. */
  knows(type: string): boolean
  /** What the lint of the app's domains finds; nothing where a host has no domains. */
  readonly lintDomains?: (() => readonly DomainFinding[]) | undefined
  readonly hints: HintsPort
  readonly logger: LoggerPort
  readonly faults: FaultHook
  /** Gives back everything that is open. */
  close(): Promise<void>
}
