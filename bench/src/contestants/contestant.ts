import type { Row } from '../rows/row.ts'
import type { Work } from '../workload/work.ts'
import type { Witness } from './witness.ts'

export const systems = ['cairn', 'emmett', 'evtstore', 'floor'] as const
export type System = (typeof systems)[number]

/** One way to run a system: a pool size, a provider, a number of connections. The fastest of a row is counted. */
export interface Variant {
  readonly name: string
  /** Measured and printed beside the row, never counted: another amount of work than the row asks for. */
  readonly beside?: true
}

/** One event as a reader of the whole log meets it. */
export interface LogEntry {
  readonly stream: string
  readonly version: number
}

/** A reader of the whole log, from its beginning, that goes on where it stopped. */
export interface Tail {
  /** What came since the last call; empty when there is nothing new. */
  poll(): Promise<readonly LogEntry[]>
  stop(): Promise<void>
}

/** A system under measurement, alone in its process and alone in its database. */
export interface Contestant {
  /** Migrates and seeds what the row needs; called once. Returns the ways to run it, the likeliest first. */
  prepare(row: Row): Promise<readonly Variant[]>
  /**
   * Before each measurement of a row whose streams grow while it is measured: seeds new ones, which the work then takes. Else
   * whoever is fast would read ever longer streams.
   */
  renew(row: Row): Promise<void>
  work(row: Row, variant: string): Promise<Work>
  /** Looks at the database as a superuser. */
  readonly witness: Witness
  /** Only systems that have a log. */
  tail?(): Promise<Tail>
  /** Releases a variant's connections. */
  drop(variant: string): Promise<void>
  close(): Promise<void>
}

/** @param schema where Cairn's tables go; nobody else has any use for it */
export type OpenContestant = (url: string, schema: string) => Promise<Contestant>
