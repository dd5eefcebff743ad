import type { LoggerPort } from '../ports/logger.port.ts'
import type { SubscriptionObserver } from '../subscriptions/observer.ts'
import type { ProcessHistoryPort } from './process-history.port.ts'

/** What steps need of their surroundings. Nothing of it changes what a step leads to. */
export interface StepServices {
  /** The newest version of a command's schema, for its metadata: `(type) => registry.command(type).schemaVersion`. @default 1 */
  readonly schemaVersionOf?: ((commandType: string) => number) | undefined
  /** Where reactions load from. @default nowhere: one that loads fails */
  readonly history?: ProcessHistoryPort | undefined
  /** @default silent */
  readonly logger?: LoggerPort | undefined
  /** For metrics. @default none */
  readonly observer?: Pick<SubscriptionObserver, 'measured'> | undefined
}
