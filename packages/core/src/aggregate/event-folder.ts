import type { NewEvent } from '../contracts/event.ts'
import type { EventModel } from '../definition/event-model.ts'
import type { EventSetLike } from '../definition/event-set.ts'
import { UnknownTypeError } from '../errors/input.ts'
import type { HistoryEvent } from '../ports/event-store.port.ts'
import { nearest } from '../registry/nearest.ts'
import { readStored } from '../upcasting/upcast.ts'
import type { FoldTable } from './handlers.ts'

/** The events of one aggregate at run time: makes new ones and folds any. */
export interface EventFolder {
  readonly types: ReadonlyMap<string, EventModel>
  /** Makes and validates an event of this short name. @throws UnknownTypeError, SchemaValidationError */
  make(name: string, payload: unknown): NewEvent
  /** Validates an event that somebody else made. @throws UnknownTypeError, SchemaValidationError */
  check(event: NewEvent): NewEvent
  /** Folds a new or a stored event. @throws UnknownTypeError, UpcastError, and what the fold throws */
  fold(state: unknown, event: NewEvent | HistoryEvent): unknown
}

type Fold = (state: never, payload: unknown, event: { readonly type: string }) => unknown

export function eventFolder(events: EventSetLike, folds: FoldTable<never, unknown>): EventFolder {
  const types = new Map<string, EventModel>()
  const byType = new Map<string, { readonly model: EventModel; readonly fold: Fold }>()
  for (const model of events.$models.values()) {
    types.set(model.type, model)
    const fold = folds.get(model.name)
    if (fold !== undefined) byType.set(model.type, { model, fold })
  }
  const find = (type: string): { readonly model: EventModel; readonly fold: Fold } => {
    const entry = byType.get(type)
    if (entry === undefined) throw new UnknownTypeError('event', type, nearest(type, byType.keys()))
    return entry
  }
  return {
    types,
    make(name, payload) {
      const { model } = find(`${events.$aggregate}.${name}`)
      return { type: model.type, payload: model.newest.accept(model.what, payload) }
    },
    check(event) {
      const { model } = find(event.type)
      return { type: model.type, payload: model.newest.acceptJson(model.what, event.payload) }
    },
    fold(state, event) {
      const { model, fold } = find(event.type)
      const version = 'schemaVersion' in event ? event.schemaVersion : model.schemaVersion
      return fold(state as never, readStored(model, version, event.payload), event)
    },
  }
}
