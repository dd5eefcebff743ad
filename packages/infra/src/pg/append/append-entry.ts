import type { ExpectedVersion, SnapshotToStore, StreamKey } from '@cairn/core'

/** An append made ready: checked, every payload already text. What waits in the coalescer. */
export interface AppendEntry {
  readonly stream: StreamKey
  readonly key: string
  readonly expected: ExpectedVersion
  readonly events: readonly EncodedEvent[]
  /** One for each part; an append without a command gets one with an id of its own, so that a lost answer can be looked up. */
  readonly receipts: readonly Receipt[]
  readonly snapshot: EncodedSnapshot | undefined
  /** UTF-8 size, roughly. */
  readonly bytes: number
}

export interface EncodedEvent {
  readonly id: string
  readonly type: string
  readonly payload: string
  readonly metadata: string
}

export interface Receipt {
  readonly id: string
  /** Hex; empty where there is no command. */
  readonly hash: string
  /** Events of the entry before this part's. */
  readonly offset: number
  readonly count: number
  readonly audit: string | null
}

export interface EncodedSnapshot extends Omit<SnapshotToStore, 'state'> {
  readonly state: string
}

/** What became of an entry. */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly version: number; readonly positions: readonly number[]; readonly recordedAt: number }
  | { readonly kind: 'conflict'; readonly actual: number }
  /** Some receipt took effect before: in an earlier append, or in a try of this one whose answer was lost, if there was one. */
  | { readonly kind: 'duplicate'; readonly answerLost?: boolean }
  /** Some command id was used with other content. */
  | { readonly kind: 'reused' }
  | { readonly kind: 'closed' }
  /** The snapshot claims a version that the stream does not have. */
  | { readonly kind: 'snapshot-ahead'; readonly version: number }
  /** Somebody else holds the stream. */
  | { readonly kind: 'busy' }

/** The numbers of db/functions/030-append-many.sql. */
export const outcomeNumber = { appended: 1, conflict: 2, duplicate: 3, busy: 4, closed: 5, reused: 6, snapshotAhead: 7 } as const

export function encodeExpected(expected: ExpectedVersion): number {
  if (expected === 'any') return -1
  return expected === 'exists' ? -2 : expected
}

export function outcomeOf(outcome: number, version: number, positions: readonly number[], recordedAt: number): AppendOutcome {
  switch (outcome) {
    case outcomeNumber.appended:
      return { kind: 'appended', version, positions, recordedAt }
    case outcomeNumber.conflict:
      return { kind: 'conflict', actual: version }
    case outcomeNumber.duplicate:
      return { kind: 'duplicate' }
    case outcomeNumber.busy:
      return { kind: 'busy' }
    case outcomeNumber.closed:
      return { kind: 'closed' }
    case outcomeNumber.reused:
      return { kind: 'reused' }
    case outcomeNumber.snapshotAhead:
      return { kind: 'snapshot-ahead', version }
    default:
      throw new TypeError(`The append function answered ${outcome}, which this version of Cairn does not know.`)
  }
}
