import type { RecordedEvent } from '../contracts/event.ts'
import type { FailurePolicy } from '../subscriptions/failure-policy.ts'
import type { StartPosition } from '../subscriptions/start-position.ts'
import type { Intent } from './intents.ts'
import type { StepContext } from './step-context.ts'

/** What a reaction may answer: intents alone, or a state, intents, and whether the instance has ended. */
export type Reaction<S> =
  | readonly Intent[]
  | undefined
  | {
      readonly state?: S
      readonly send?: readonly Intent[]
      /** True ends the instance: its timers are cancelled, and later events of its key are ignored. */
      readonly done?: boolean
      /** For people: what it waits for now ('payment of invoice i-1'). Shown where instances are listed. */
      readonly waitingFor?: string
    }

/**
 * A process manager, complete: what `defineProcessManager(…).correlate(…).on(…)` returns and a domain takes. Pure: events and
 * state in, intents out; it runs in memory, on PostgreSQL and on Temporal unchanged.
 */
export interface ProcessManagerDefinition<N extends string = string> {
  readonly name: N
  /** Raised when the definition changes; instances that run go on with the newest code. */
  readonly version: number
  /** Full event types that it reacts to. */
  readonly types: readonly string[]
  /** The version of the state's schema; a stored state of an older one is lifted. */
  readonly stateVersion: number
  /** The instance that an event belongs to; undefined: none, the event is ignored. */
  correlate(event: RecordedEvent): string | undefined
  /** The state of a new instance, as reactions see it. */
  initial(): unknown
  /** What is kept of a state that a reaction gave: JSON. @throws SchemaValidationError, DefinitionError for what would not come back */
  storeState(state: unknown): unknown
  /** What is kept, as reactions see it: lifted to the newest schema, codecs decoded. @throws UpcastError */
  liftState(stateVersion: number, state: unknown): unknown
  react(state: unknown, event: RecordedEvent, context: StepContext): Reaction<unknown>
  /** An instance without any event for so long ends, milliseconds. @default never */
  readonly expiresAfterMs?: number | undefined
  readonly failure: FailurePolicy
  readonly partitions: number
  /** Where it begins when it is not stored yet. */
  readonly from: StartPosition
}
