import type { Row } from '../rows/row.ts'
import type { System, Variant } from '../contestants/contestant.ts'
import type { Stored } from '../contestants/witness.ts'
import type { SelfTime } from '../profile/self-times.ts'
import type { Timed } from '../workload/work.ts'

/** What the parent asks of a child; one question at a time. */
export type Question =
  | { readonly ask: 'prepare'; readonly system: System; readonly url: string; readonly schema: string; readonly row: Row }
  | { readonly ask: 'renew' }
  | { readonly ask: 'measure'; readonly variant: string; readonly seconds: number }
  | { readonly ask: 'order'; readonly variant: string; readonly seconds: number }
  | { readonly ask: 'profile'; readonly variant: string; readonly seconds: number; readonly file: string }
  | { readonly ask: 'stored' }
  | { readonly ask: 'drop'; readonly variant: string }
  | { readonly ask: 'close' }

export interface Measured extends Timed {
  readonly variant: string
  /** What a superuser counted in the database as added meanwhile. */
  readonly eventsAdded: number
  readonly receiptsAdded: number | undefined
  /** Seconds of processor time, here and in the server. */
  readonly processor: { readonly client: number; readonly server: number | undefined }
}

export interface OrderChecked {
  /** Events in the database, counted by a superuser. */
  readonly stored: number
  /** Stored events that the reader of the whole log never met. */
  readonly lost: number
  readonly doubled: number
  /** Events that came before an earlier one of their own stream. */
  readonly inverted: number
}

export interface Profiled extends Timed {
  /** Of one core, in this process: near 1, and JavaScript is what limits. */
  readonly cpuShare: number
  readonly selfTimes: readonly SelfTime[]
  readonly packages: readonly { readonly name: string; readonly share: number }[]
}

export interface Answers {
  readonly prepare: readonly Variant[]
  readonly renew: null
  readonly measure: Measured
  readonly order: OrderChecked
  readonly profile: Profiled
  readonly stored: Stored
  readonly drop: null
  readonly close: null
}

export type Reply = { readonly ok: true; readonly value: Answers[keyof Answers] } | { readonly ok: false; readonly error: string }
