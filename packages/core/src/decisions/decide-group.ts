import { AggregateExistsError, VersionConflictError } from '../errors/index.ts'
import { matchesExpectedVersion, type EventToStore } from '../contracts/index.ts'
import type { LoadedAggregate } from '../repository/index.ts'
import type { DecisionSettings } from './decision-settings.ts'
import type { PendingCommand } from './pending-command.ts'
import { roughSize } from './rough-size.ts'
import { eventsToStore } from './to-store.ts'

/** Checked before each command: a single one may exceed them alone. */
export type GroupLimits = Pick<DecisionSettings, 'maxGroupEvents' | 'maxGroupSize'>

export interface DecidedGroup {
  /** Accepted, in the order in which they were decided. */
  readonly accepted: readonly { readonly pending: PendingCommand; readonly events: readonly EventToStore[] }[]
  readonly refused: readonly { readonly pending: PendingCommand; readonly error: unknown }[]
  /** True when some accepted command had nothing to say. */
  readonly someEmpty: boolean
  /** How many commands, from the first on, were decided; the rest did not fit. */
  readonly decided: number
  readonly state: unknown
  readonly version: number
}

/** Decides the commands one after another, each on the state that the one before it left; a refused one leaves it as it was. */
export function decideGroup(base: LoadedAggregate, group: readonly PendingCommand[], limits: GroupLimits): DecidedGroup {
  const accepted: { pending: PendingCommand; events: readonly EventToStore[] }[] = []
  const refused: { pending: PendingCommand; error: unknown }[] = []
  let { state, version } = base
  let someEmpty = false
  let decided = 0
  let size = 0
  for (const pending of group) {
    if (version - base.version >= limits.maxGroupEvents || size >= limits.maxGroupSize) break
    decided++
    try {
      assertMayDecide(pending, version)
      const { model, stream, command } = pending
      const decision = model.decide({ tenantId: stream.tenantId, aggregateId: stream.aggregateId, version, state }, command)
      accepted.push({ pending, events: eventsToStore(model, command, decision.events) })
      someEmpty ||= decision.events.length === 0
      state = decision.state
      version += decision.events.length
      if (group.length > 1) for (const event of decision.events) size += roughSize(event.payload)
    } catch (error) {
      refused.push({ pending, error })
    }
  }
  return { accepted, refused, someEmpty, decided, state, version }
}

/** @throws VersionConflictError, AggregateExistsError when the stream is not where the command needs it */
export function assertMayDecide(pending: Pick<PendingCommand, 'stream' | 'expected' | 'creates' | 'command'>, version: number): void {
  const { stream, expected, creates, command } = pending
  if (expected !== undefined && !matchesExpectedVersion(expected, version)) throw new VersionConflictError(stream, expected, version)
  if (creates && version > 0) throw new AggregateExistsError(stream, command.type, version)
}
