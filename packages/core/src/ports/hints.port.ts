/**
 * Wakes readers: something may be new. A hint carries nothing and may be lost, doubled or made up; readers poll as the base,
 * and a lost hint costs them one poll interval.
 */
export interface HintsPort {
  /** Calls `wake` for each hint, from this process or another, until the returned function is called. */
  listen(wake: () => void): () => void
  /** Ends listening for good. */
  close(): Promise<void>
}
