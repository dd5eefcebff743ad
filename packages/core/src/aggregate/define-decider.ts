import type { NewEvent } from '../contracts/event.ts'
import type { CommandSetLike } from '../definition/command-set.ts'
import type { EventSetLike } from '../definition/event-set.ts'
import { DefinitionError } from '../errors/domain.ts'
import { assembleModel, type ModelParts } from './assemble-model.ts'
import { commandTable } from './command-table.ts'
import type { Decider, DecisionContext, DeciderStart } from './decider.ts'
import { eventFolder, type EventFolder } from './event-folder.ts'
import { functionMap } from './function-map.ts'
import { refusePromise } from './refuse-promise.ts'
import { snapshotEvery, snapshotWhen } from './snapshot-policies.ts'

type Decide = (state: unknown, payload: unknown, context: DecisionContext) => unknown
type Fold = (state: unknown, payload: unknown) => unknown

/**
 * An aggregate as functions instead of a class, with the same runtime:
 * `defineDecider(orderEvents, initial).evolve({ … }).decide(orderCommands, { … })`.
 * @param initial the state before the first event; called anew each time
 */
export function defineDecider<S, E extends EventSetLike>(events: E, initial: () => S): DeciderStart<S, E> {
  return {
    evolve(folds) {
      const map = functionMap<Fold>('fold', events.$aggregate, folds, events.$models.keys())
      const folder = eventFolder(events, { owner: folds, get: (name) => map.get(name) })
      return {
        decide: (commands, decisions) => decider(events, commands, initial, partsOf(events, folder, initial, commands, decisions)),
      }
    },
  }
}

function partsOf(
  events: EventSetLike,
  folder: EventFolder,
  initial: () => unknown,
  commands: CommandSetLike,
  decisions: object,
): ModelParts {
  const aggregateType = events.$aggregate
  if (commands.$aggregate !== aggregateType) {
    throw new DefinitionError(`Aggregate ${aggregateType} cannot handle the commands of ${commands.$aggregate}.`, { aggregateType })
  }
  const map = functionMap<Decide>('handler', aggregateType, decisions, commands.$models.keys())
  return {
    aggregateType,
    folder,
    commands: commandTable(commands),
    initial,
    snapshots: undefined,
    decide({ aggregateId, tenantId, version, state }, name, payload) {
      const result = map.get(name)?.(state, payload, { id: aggregateId, tenantId, version })
      refusePromise(aggregateType, name, result)
      const made: readonly NewEvent[] = result === undefined ? [] : Array.isArray(result) ? result : [result]
      const decided = made.map((event) => folder.check(event))
      return { events: decided, state: decided.reduce((s, event) => folder.fold(s, event), state) }
    },
  }
}

function decider<S, E extends EventSetLike>(events: E, commands: CommandSetLike, initial: () => S, parts: ModelParts): Decider<S, E> {
  return {
    events,
    commands,
    initial,
    snapshots: parts.snapshots,
    model: assembleModel(parts),
    snapshotEvery: (count, schema) => decider(events, commands, initial, { ...parts, snapshots: snapshotEvery(count, schema) }),
    snapshotWhen: (due, schema) => decider(events, commands, initial, { ...parts, snapshots: snapshotWhen(due, schema) }),
  }
}
