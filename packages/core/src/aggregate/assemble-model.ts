import type { AggregateModel, Decision, DecisionInput } from './aggregate-model.ts'
import type { CommandTable } from './command-table.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { EventFolder } from './event-folder.ts'
import { freezePayload } from './freeze-payload.ts'
import { upcast } from '../upcasting/upcast.ts'
import { snapshotModel } from './snapshot-model.ts'
import type { SnapshotPolicyLike } from './snapshots.ts'

/** What a class and a decider have in common. */
export interface ModelParts {
  readonly aggregateType: string
  readonly folder: EventFolder
  readonly commands: CommandTable
  readonly initial: () => unknown
  readonly snapshots: SnapshotPolicyLike | undefined
  /** Runs the handler of that short name; the state is frozen, the payload decoded. */
  readonly decide: (input: DecisionInput, name: string, payload: unknown) => Decision
}

/** @throws DefinitionError when the snapshot's schema is not sound */
export function assembleModel(parts: ModelParts): AggregateModel {
  const { folder, commands } = parts
  return {
    aggregateType: parts.aggregateType,
    eventTypes: folder.types,
    commandTypes: commands.types,
    initial: parts.initial,
    evolve: (state, event) => folder.fold(state, event),
    decide(input, command) {
      const model = commands.find(command.type)
      const payload = model.newest.toDomain(model.what, command.payload)
      // Frozen, so that a fold or a handler that changes its input fails in the first test and spoils nothing.
      return parts.decide({ ...input, state: deepFreeze(input.state) }, model.name, payload)
    },
    parseCommand(type, payload, schemaVersion) {
      const model = commands.find(type)
      // Once, and not the caller's own: schemas make new objects. What is decided again after a conflict is what was asked for.
      return freezePayload(model.newest.acceptJson(model.what, upcast(model, schemaVersion ?? model.schemaVersion, payload)))
    },
    snapshots: snapshotModel(parts.aggregateType, parts.snapshots),
  }
}
