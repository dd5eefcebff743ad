/** What runs alone in a process of its own, and ends with it. */
export type Job =
  | { readonly kind: 'cairn-rebuild'; readonly url: string; readonly schema: string; readonly workers: number }
  | { readonly kind: 'sql-statement'; readonly url: string; readonly schema: string }
  | { readonly kind: 'upserts'; readonly url: string; readonly schema: string; readonly events: number }
  | { readonly kind: 'emmett-rebuild'; readonly url: string; readonly events: number; readonly rows: number; readonly batchSize: number }
  | {
      readonly kind: 'evtstore-handler'
      readonly url: string
      readonly events: number
      readonly rows: number
      readonly driver: EvtstoreDriver
    }
  | { readonly kind: 'tail'; readonly url: string; readonly schema: string; readonly rate: number; readonly seconds: number }
  | {
      readonly kind: 'fan-out'
      readonly url: string
      readonly schema: string
      readonly projections: number
      readonly rate: number
      readonly seconds: number
    }
  | {
      readonly kind: 'async-commands'
      readonly url: string
      readonly schema: string
      readonly contextKey: string
      readonly way: 'pg-boss' | 'command-worker'
      readonly commands: number
      readonly aggregates: number
    }
  | {
      readonly kind: 'bare-jobs'
      readonly url: string
      readonly policy: 'key_strict_fifo' | 'standard'
      readonly commands: number
      readonly aggregates: number
    }
  | {
      readonly kind: 'temporal-commands'
      readonly url: string
      readonly schema: string
      readonly contextKey: string
      /** Of the Temporal server. */
      readonly address: string
      readonly commands: number
      readonly aggregates: number
    }
  | {
      readonly kind: 'bare-workflows'
      readonly url: string
      readonly address: string
      readonly activity: 'activity' | 'local activity'
      readonly inFlight: number
      readonly commands: number
    }

export type EvtstoreDriver = 'pg' | 'postgres.js'

export interface BuiltRows {
  readonly events: number
  readonly seconds: number
  /** Physical table or view that holds the rows. */
  readonly table: string
}

export interface TailWritten {
  /** By number of the append, in milliseconds of the machine's monotonic clock. */
  readonly scheduled: readonly number[]
  readonly acknowledged: readonly number[]
  /** Positions, by number of the append. */
  readonly positions: readonly number[]
  readonly failed: number
}

export interface FannedOut {
  readonly events: number
  /** Calls of the statement that reads a page of the log. */
  readonly calls: number
  /** Rows of the log that were fetched by it. */
  readonly rows: number
  readonly seconds: number
}

export interface CarriedOut {
  readonly commands: number
  readonly seconds: number
  /** Commands whose effect is there. */
  readonly effects: number
}

export interface JobAnswers {
  readonly 'cairn-rebuild': BuiltRows
  readonly 'sql-statement': BuiltRows
  readonly upserts: BuiltRows
  readonly 'emmett-rebuild': BuiltRows
  readonly 'evtstore-handler': BuiltRows
  readonly tail: TailWritten
  readonly 'fan-out': FannedOut
  readonly 'async-commands': CarriedOut
  readonly 'bare-jobs': CarriedOut
  readonly 'temporal-commands': CarriedOut
  readonly 'bare-workflows': CarriedOut
}

export interface JobDone<A> {
  readonly answer: A
  /** The most memory that the process ever had, MiB. */
  readonly peakMiB: number
}

export type JobReply =
  | { readonly ok: true; readonly done: JobDone<JobAnswers[Job['kind']]> }
  | { readonly ok: false; readonly error: string }
