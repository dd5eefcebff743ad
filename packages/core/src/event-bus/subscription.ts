/** A handler's place on the bus. */
export interface Subscription {
  /** Unique, and never given twice. */
  readonly id: string
  /** Ends delivery at once: the handler is not called for any event whose turn comes later. */
  unsubscribe(): void
}
