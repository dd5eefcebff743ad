/** What became of a publish. Handlers that failed are here and in the log; they never make `publish` reject. */
export interface PublishReport {
  /** How many handlers were called, over all events. */
  readonly handled: number
  readonly failures: readonly HandlerFailure[]
}

export interface HandlerFailure {
  readonly eventId: string
  readonly eventType: string
  readonly subscriptionId: string
  readonly error: unknown
}
