import { step, stepCommandId, type ProcessInstance, type ProcessManagerDefinition, type RecordedEvent } from '@cairn/core'
import { ApplicationFailure } from '@temporalio/activity'
import type { CommandBatches } from '../command-batches.ts'
import type { ProcessParts } from '../processes.ts'
import type { CairnActivities, EventRef, FailedEvent, HeldTimer, ProcessKey, StepResult } from '../workflows/contract.ts'
import { mayPass } from './is-outage.ts'

/**
 * Steps an instance over a batch of events, in one transaction: instance, commands and timers. The instance's position decides
 * what is new, so a batch that comes again, after a crash or from another forwarder, changes nothing.
 */
export function stepProcess(parts: ProcessParts, batches: CommandBatches): CairnActivities['cairnStepProcess'] {
  return async (key, refs) => {
    const definition = parts.definitions.find(({ name }) => name === key.processManager)
    if (definition === undefined) {
      // Another worker may know it: a deployment is under way, or the definition was taken away.
      throw ApplicationFailure.create({
        message: `This worker knows no process manager "${key.processManager}". Deploy the newer code here too.`,
        type: 'CAIRN_UNKNOWN_PROCESS_MANAGER',
      })
    }
    const events: RecordedEvent[] = []
    for (const ref of refs) events.push(await eventOf(parts, key, ref))
    const { before, result } = await parts.transactions.transaction(key, async ({ instances, commands }) => {
      const [stored] = await instances.load([key])
      const steps = stepOver(definition, stored, events)
      if (steps.instance !== undefined && steps.instance !== stored) {
        await instances.save([steps.instance])
        if (steps.cancel.length > 0) await commands.cancel(key.tenantId, steps.cancel)
        await commands.enqueue(
          steps.send.map(({ command, dueAt }) => ({ command, dueAt: dueAt === undefined ? undefined : new Date(dueAt) })),
        )
      }
      return { before: stored?.position ?? 0, result: resultOf(steps) }
    })
    const again = events.filter(({ position }) => position <= before)
    if (again.length === 0) return result
    return { ...result, commands: [...(await leftOver(batches, key, again)), ...result.commands] }
  }
}

/** More intents than this of one event are left to whoever carries out pending rows. */
const mostIntents = 64

/**
 * Commands of steps that were committed, but whose answer may have been lost: sent by these events, and still waiting. Those of
 * timers are among the instance's timers.
 */
async function leftOver(batches: CommandBatches, key: ProcessKey, events: readonly RecordedEvent[]): Promise<readonly string[]> {
  const ids = events.flatMap(({ id }) => Array.from({ length: mostIntents }, (_, index) => stepCommandId(key, id, index)))
  const rows = await batches.load(key.tenantId, ids)
  return rows.flatMap((row) => (row?.status === 'pending' && row.dueAt === undefined ? [row.command.id] : []))
}

interface Steps {
  readonly instance: ProcessInstance | undefined
  readonly send: NonNullable<ReturnType<typeof step>>['send']
  readonly cancel: readonly string[]
  readonly failed: FailedEvent | undefined
}

function stepOver(definition: ProcessManagerDefinition, stored: ProcessInstance | undefined, events: readonly RecordedEvent[]): Steps {
  let instance = stored
  let send: Steps['send'] = []
  let cancel: readonly string[] = []
  for (const event of events) {
    try {
      const next = step(definition, instance, event)
      if (next === undefined) continue
      instance = next.instance
      // A timer that was set and ended within the batch never was.
      const ended = new Set(next.cancel)
      const pending = new Set(send.map(({ command }) => command.id))
      cancel = [...cancel, ...next.cancel.filter((id) => !pending.has(id))]
      send = [...send.filter(({ command }) => !ended.has(command.id)), ...next.send]
    } catch (error) {
      if (mayPass(error)) throw error
      const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'CAIRN_UNEXPECTED'
      const failed = { position: event.position, code, message: error instanceof Error ? error.message : String(error) }
      return { instance, send, cancel, failed }
    }
  }
  return { instance, send, cancel, failed: undefined }
}

function resultOf({ instance, send, failed }: Steps): StepResult {
  const timers = Object.values(instance?.timers ?? {}).map(({ commandId, dueAt }): HeldTimer => ({ commandId, dueAt: Date.parse(dueAt) }))
  const commands = send.filter(({ dueAt }) => dueAt === undefined).map(({ command }) => command.id)
  const result = { timers, commands, done: instance?.status === 'done' }
  return failed === undefined ? result : { ...result, failed }
}

async function eventOf(
  parts: ProcessParts,
  { tenantId }: ProcessKey,
  { aggregateType, aggregateId, version }: EventRef,
): Promise<RecordedEvent> {
  const event = await parts.readEvent({ tenantId, aggregateType, aggregateId }, version)
  if (event === undefined) throw new Error(`Event ${version} of ${tenantId}/${aggregateType}/${aggregateId} is not in the log.`)
  return event
}
