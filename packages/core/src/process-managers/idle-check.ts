import { z } from 'zod'
import { defineDecider } from '../aggregate/define-decider.ts'
import { commandMetadata } from '../command-bus/command-metadata.ts'
import { causedBy } from '../command-bus/dispatch-options.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { derivedUuid } from '../ids/uuid.ts'
import type { InstanceKey, ProcessInstance, StepCommand } from './instance.ts'

const Instance = z.object({ processManager: z.string(), instanceId: z.string() })

/** The aggregate through which time reaches the instances of process managers that expire: one stream for each of them. */
const aggregateType = 'cairn-process'
const idleEvents = defineEvents(aggregateType, { idleChecked: Instance })
const idleCommands = defineCommands(aggregateType, { checkIdle: Instance })

/** What an app has beside its own aggregates when one of its process managers expires. */
export const idleAggregate = defineDecider(idleEvents, () => null)
  .evolve({ idleChecked: (state) => state })
  .decide(idleCommands, { checkIdle: (_state, instance) => idleEvents.idleChecked(instance) })

export const idleCheckType = idleCommands.checkIdle.type
export const idleCheckedType = idleEvents.idleChecked.type
/** The name of its timer in an instance. */
export const idleTimer = '$idle'

/** The instance of a process manager that a check is for. */
export function idleInstance(processManager: string, event: RecordedEvent): string | undefined {
  const checked = Instance.safeParse(event.payload)
  return checked.success && checked.data.processManager === processManager ? checked.data.instanceId : undefined
}

/** The event of a check, to be stored or given to a spec. */
export function idleChecked(processManager: string, instanceId: string): { readonly type: string; readonly payload: unknown } {
  return idleEvents.idleChecked({ processManager, instanceId })
}

/** True when the instance had an event within the time before the check. */
export function wasBusy({ updatedAt }: ProcessInstance, check: RecordedEvent, expiresAfterMs: number): boolean {
  return check.recordedAt.getTime() < Date.parse(updatedAt) + expiresAfterMs
}

/** Looks at the instance again when it will have been idle for so long since a time. */
export function idleCheck(
  { processManager, tenantId, instanceId }: InstanceKey,
  event: RecordedEvent,
  idleSince: Date,
  expiresAfterMs: number,
  schemaVersionOf: (commandType: string) => number,
): StepCommand & { readonly dueAt: string } {
  const id = derivedUuid('process-manager', processManager, tenantId, instanceId, event.id, idleTimer)
  const aggregateId = derivedUuid(aggregateType, processManager, tenantId, instanceId)
  const metadata = commandMetadata(id, schemaVersionOf(idleCheckType), causedBy(event))
  return {
    command: { id, tenantId, type: idleCheckType, aggregateType, aggregateId, payload: { processManager, instanceId }, metadata },
    dueAt: new Date(idleSince.getTime() + expiresAfterMs).toISOString(),
    timer: idleTimer,
  }
}
