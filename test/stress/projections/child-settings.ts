import type { FaultPoint } from '@cairn/core'
import type { CheckDatabase } from '../support/check-database.ts'
import type { Plant } from './plants.ts'

/** Where a child dies or stops: at the nth time that it comes by a point while it has work in its hands. */
export interface Strike {
  readonly point: FaultPoint
  readonly hit: number
  readonly action: 'kill' | 'stop'
  /** Only there where this subscription comes by. @default any */
  readonly on?: string | undefined
}

/** What a check tells a child, in STRESS_CHILD. */
export interface ChildSettings {
  readonly database: CheckDatabase
  /** What the process is called in the list of members. */
  readonly label: string
  /** Milliseconds. @default the engine's */
  readonly leaseMs: number | undefined
  /** small: many commits, as many places to be struck at as can be. large: as an app would have it. */
  readonly steps: 'small' | 'large'
  readonly strike?: Strike | undefined
  readonly plant?: Plant | undefined
}

/** @throws when the process was not started by a check */
export function childSettings(): ChildSettings {
  const text = process.env['STRESS_CHILD']
  if (text === undefined) throw new Error('STRESS_CHILD is not set; this program is started by pnpm stress.')
  return JSON.parse(text)
}
