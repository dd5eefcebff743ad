import type { NewEvent, RecordedEvent } from '../contracts/event.ts'
import { readStored } from '../upcasting/upcast.ts'
import type { ReadOptions } from '../upcasting/versioned-schema.ts'
import type { Definitions } from './definition.ts'
import { eventModel, type EventModel } from './event-model.ts'
import type { EventSet } from './event-set.ts'
import { checkAggregateType, checkName } from './names.ts'
import type { PayloadOf } from './payload-forms.ts'

/**
 * Declares the events of an aggregate, once: each name with its schema or its chain of versions.
 * @throws DefinitionError when a name is not legal or a payload is not JSON-stable
 */
// The mapped type stands in the return type without a name of its own, so that declaration files get its members, not its recipe.
export function defineEvents<const A extends string, const D extends Definitions>(
  aggregateType: A,
  definitions: D,
  options?: ReadOptions,
): EventSet<A, { [K in keyof D]: PayloadOf<D[K]> }> {
  checkAggregateType(aggregateType)
  const models = new Map<string, EventModel>()
  const members: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    checkName('event', aggregateType, name, reserved)
    const model = eventModel(aggregateType, name, definition, options)
    models.set(name, model)
    members[name] = eventFactory(model)
  }
  const types = new Set([...models.values()].map((m) => m.type))
  const set: unknown = { ...members, $aggregate: aggregateType, $models: models, is: (event: RecordedEvent) => types.has(event.type) }
  return set as EventSet<A, { [K in keyof D]: PayloadOf<D[K]> }>
}

const reserved: ReadonlySet<string> = new Set(['is'])

function eventFactory(model: EventModel): unknown {
  const make = (payload: unknown = {}): NewEvent => ({ type: model.type, payload: model.newest.accept(model.what, payload) })
  return Object.assign(make, {
    type: model.type,
    is: (event: RecordedEvent) => event.type === model.type,
    read: (event: RecordedEvent) => readStored(model, event.metadata.schemaVersion, event.payload),
  })
}
