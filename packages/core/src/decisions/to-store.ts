import type { AggregateModel } from '../aggregate/index.ts'
import type { Command, EventToStore, Metadata, NewEvent } from '../contracts/index.ts'
import { uuidv7 } from '../ids/index.ts'

/** Gives decided events their ids and the metadata of the command that caused them; its id becomes their causation. */
export function eventsToStore(model: AggregateModel, command: Command, events: readonly NewEvent[]): EventToStore[] {
  let metadata: Metadata | undefined
  const toStore: EventToStore[] = []
  for (const { type, payload } of events) {
    const schemaVersion = model.eventTypes.get(type)?.schemaVersion ?? 1
    // Most commands cause events of one schema version: they share one object.
    if (metadata?.schemaVersion !== schemaVersion) metadata = { ...command.metadata, causationId: command.id, schemaVersion }
    toStore.push({ id: uuidv7(), type, payload, metadata })
  }
  return toStore
}
