/** New streams, each with one append. */
export interface AppendRow {
  readonly kind: 'append'
  readonly callers: number
  readonly eventsPerAppend: number
  readonly tenants: number
}

/** Load, decide, append, on aggregates that exist. */
export interface CommandRow {
  readonly kind: 'command'
  readonly callers: number
  readonly aggregates: number
  readonly history: number
}

/** All callers on one aggregate at once, each with a few commands; then the next aggregate. */
export interface HotRow {
  readonly kind: 'hot'
  readonly callers: number
  readonly history: number
  readonly commandsPerCaller: number
}

/** The folded state of one long stream. */
export interface LoadRow {
  readonly kind: 'load'
  readonly callers: number
  readonly events: number
  readonly snapshots: boolean
}

export type Shape = AppendRow | CommandRow | HotRow | LoadRow

/** A ratio that the row is held to. */
export interface Target {
  readonly to: 'emmett' | 'evtstore' | 'floor'
  readonly atLeast: number
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly shape: Shape
  readonly targets: readonly Target[]
}
