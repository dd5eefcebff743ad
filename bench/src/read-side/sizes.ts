/** How much the rows of the read side work on; each is an option of the command. */
export interface ReadSizes {
  /** Events of the rebuild. */
  readonly events: number
  /** Rows that the projection comes to. */
  readonly rows: number
  /** Events of Emmett's rebuild: it reads ever slower as its log grows. */
  readonly emmettEvents: number
  /** Events of evtstore's handler and of the upserts one by one: their rate hardly depends on it, and evtstore's is low: two commits for each event. */
  readonly peerEvents: number
  /** Sizes of the log at which the memory of a rebuild is taken. */
  readonly memory: readonly number[]
  /** Appends per second of the tail, by the clock and not by the answers. */
  readonly rate: number
  /** Length of the tail and of each run of the fan-out. */
  readonly tailSeconds: number
  /** Commands of the async row. */
  readonly asyncCommands: number
  /** Commands, and bare workflows, of the temporal row. */
  readonly temporalCommands: number
  /** Projections of the fan-out. */
  readonly projections: number
}
