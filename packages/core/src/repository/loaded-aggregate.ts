/** An aggregate at a version: what decisions start from. */
export interface LoadedAggregate {
  readonly state: unknown
  /** The stream's version that `state` stands for; 0 when it does not exist. */
  readonly version: number
  readonly closed: boolean
  /** True when it was read from the log for this purpose; false when it was remembered, and the log may have moved on. */
  readonly fresh: boolean
}
