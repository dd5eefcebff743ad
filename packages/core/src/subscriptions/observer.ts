import type { StepMeasurement } from '../process-managers/process-context.ts'
import type { StoredFailure, SubscriptionKey } from '../ports/subscription-store.port.ts'

interface About {
  readonly key: SubscriptionKey
  readonly partition: number
}

/** What happens in the engine, for metrics. Called in the engine's own turn: it must be quick; what it throws is logged. */
export interface SubscriptionObserver {
  /** A batch went through its processor. */
  batchHandled?(batch: About & { readonly events: number; readonly ms: number; readonly rebuilding: boolean }): void
  /** One event went through its handler, where the processor measures that. */
  eventHandled?(event: About & { readonly type: string; readonly ms: number }): void
  /** Effects became visible: how long after it was recorded, of each event that was handled live. */
  eventVisible?(event: About & { readonly latencyMs: number }): void
  committed?(commit: About & { readonly events: number; readonly ms: number; readonly checkpoint: number }): void
  /** How far behind: in positions, and in seconds since the oldest event that is not handled was recorded. */
  lag?(lag: About & { readonly positions: number; readonly seconds: number }): void
  /** retried: tried again later. parked, stopped: the end of the tries. outage: the way to the database, not the event. */
  failed?(failure: About & { readonly outcome: 'retried' | 'parked' | 'stopped' | 'outage'; readonly failure: StoredFailure }): void
  /** A parked event was tried again at an operator's wish, or forgotten. */
  parkedEventSettled?(event: About & { readonly outcome: 'healed' | 'failed' | 'discarded' }): void
  lease?(lease: About & { readonly change: 'taken' | 'released' | 'lost' | 'given-up' }): void
  /** A process manager's `context.metric`. At least once: a step that is run again says it again. */
  measured?(measurement: StepMeasurement): void
  logRead?(read: { readonly by: 'feed' | 'catch-up'; readonly events: number; readonly ms: number }): void
}
