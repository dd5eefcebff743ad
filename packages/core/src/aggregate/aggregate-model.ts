import type { NewEvent } from '../contracts/event.ts'
import type { HistoryEvent } from '../ports/event-store.port.ts'

/** What a decision starts from. */
export interface DecisionInput {
  readonly tenantId: string
  readonly aggregateId: string
  /** The stream's version that `state` stands for; 0 when it does not exist. */
  readonly version: number
  readonly state: unknown
}

export interface Decision {
  readonly events: readonly NewEvent[]
  /** The state after these events. */
  readonly state: unknown
}

/**
 * An aggregate as the runtime sees it, whichever way it was written: a class made with `aggregate(…)` and a decider
 * made with `defineDecider` both become one of these. Pure: no clock, no I/O, and no state of its own.
 */
export interface AggregateModel {
  readonly aggregateType: string
  /** Full event types ('order.created') with the newest schema version of each. */
  readonly eventTypes: ReadonlyMap<string, { readonly schemaVersion: number }>
  /** Full command types ('order.create') with the newest schema version; `creates` is true where the stream must not exist. */
  readonly commandTypes: ReadonlyMap<string, { readonly creates: boolean; readonly schemaVersion: number }>
  initial(): unknown
  /**
   * Folds one event, a new one or a stored one; a stored payload is lifted to the newest schema first.
   * @throws UpcastError when that fails
   * @throws UnknownTypeError when the aggregate has no such event
   */
  evolve(state: unknown, event: NewEvent | HistoryEvent): unknown
  /**
   * Decides a command whose payload was parsed already. The input is left as it was, whatever happens.
   * @throws whatever the domain's handler throws
   */
  decide(input: DecisionInput, command: { readonly type: string; readonly payload: unknown }): Decision
  /**
   * Validates a command's payload by its newest schema and returns it frozen, with defaults filled in; one of an older schema
   * version (a stored command) is lifted first.
   * @throws SchemaValidationError, UpcastError
   */
  parseCommand(type: string, payload: unknown, schemaVersion?: number): unknown
  readonly snapshots: SnapshotModel | undefined
}

export interface SnapshotModel {
  /** True when a snapshot is due: the stream goes from `fromVersion` (exclusive) to `toVersion` with this append. */
  due(fromVersion: number, toVersion: number): boolean
  readonly schemaVersion: number
  /** Makes the JSON-stable form of a state. @throws SchemaValidationError, DefinitionError when the schema does not keep the whole state */
  encode(state: unknown): unknown
  /** Back to a state, lifted to the newest schema. Returns undefined when it cannot: the caller then replays. */
  decode(schemaVersion: number, stored: unknown): { readonly state: unknown } | undefined
}
