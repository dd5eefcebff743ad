import { causedBy } from '../command-bus/dispatch-options.ts'
import { commandMetadata } from '../command-bus/command-metadata.ts'
import type { Command, NewCommand } from '../contracts/command.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import { DefinitionError } from '../errors/domain.ts'
import { withDerivedIds } from '../ids/new-id.ts'
import { derivedUuid } from '../ids/uuid.ts'
import { idleCheck, idleCheckedType, idleTimer, wasBusy } from './idle-check.ts'
import { delayMs, type Intent } from './intents.ts'
import { newInstance, type InstanceKey, type ProcessInstance, type Step, type StepCommand, type TimerState } from './instance.ts'
import type { ProcessManagerDefinition, Reaction } from './process-manager.ts'
import { StepContext } from './step-context.ts'
import { HistoryNeeded, type StepLoads } from './step-loads.ts'
import type { StepServices } from './step-services.ts'

/**
 * What an event leads to in an instance. Pure: the same instance and event give the same step, ids included, on every
 * scheduler and however often it runs; times count from the event's own. Undefined where there is nothing to do: the event
 * was handled before, the instance has ended, or it correlates to none.
 * @param event lifted to the newest schema
 * @param loads what was loaded for this event so far; see `stepLoading`
 * @throws HistoryNeeded where the reaction asks for what was not loaded yet; then nothing was said or done
 */
export function step(
  definition: ProcessManagerDefinition,
  instance: ProcessInstance | undefined,
  event: RecordedEvent,
  services: StepServices = {},
  loads?: StepLoads,
): Step | undefined {
  const instanceId = definition.correlate(event)
  if (instanceId === undefined) return undefined
  const key: InstanceKey = { processManager: definition.name, tenantId: event.tenantId, instanceId }
  const { schemaVersionOf = () => 1 } = services
  if (event.type === idleCheckedType) {
    if (instance === undefined || instance.status === 'done' || event.position <= instance.position) return undefined
    const { expiresAfterMs = 0 } = definition
    if (wasBusy(instance, event, expiresAfterMs)) return checkLater(instance, event, expiresAfterMs, schemaVersionOf)
  }
  const before =
    instance ?? newInstance(key, definition.storeState(definition.initial()), definition.stateVersion, definition.version, event)
  if (before.status === 'done' || event.position <= before.position) return undefined
  const state = definition.liftState(before.stateVersion, before.state)
  let made = 0
  // Ids that factories draw inside of the reaction: the ones that replace them below, and those of new aggregates.
  const draw = (): string => derivedUuid('drawn', definition.name, key.tenantId, instanceId, event.id, String(made++))
  const context = new StepContext(key, event, loads)
  try {
    const reaction = outcome(
      definition,
      event,
      withDerivedIds(draw, () => definition.react(state, event, context)),
    )
    // One that caught the interruption went on with something else than what it asked for.
    if (context.interruption !== undefined) throw context.interruption
    // What is stored and left as it is need not pass a schema that came later.
    const kept = !('state' in reaction) && before.stateVersion === definition.stateVersion
    const stored = kept ? before.state : definition.storeState('state' in reaction ? reaction.state : state)
    return carryOut({ definition, key, before, event, schemaVersionOf }, { ...reaction, state: stored })
  } catch (error) {
    throw context.interruption ?? error
  } finally {
    if (!(context.interruption instanceof HistoryNeeded)) context.speak(services)
  }
}

/** The check changes nothing but the time of the next one: it is no event of the instance. */
function checkLater(
  instance: ProcessInstance,
  event: RecordedEvent,
  expiresAfterMs: number,
  schemaVersionOf: (commandType: string) => number,
): Step {
  const { position } = event
  const timer = instance.timers[idleTimer]
  // By its command, not by the time: the clock that fired it may be ahead of the log's.
  if (timer !== undefined && timer.commandId !== event.metadata.causationId)
    return { instance: { ...instance, position }, send: [], cancel: [] }
  const check = idleCheck(instance, event, new Date(instance.updatedAt), expiresAfterMs, schemaVersionOf)
  const timers = { ...instance.timers, [idleTimer]: { commandId: check.command.id, dueAt: check.dueAt } }
  return { instance: { ...instance, position, timers }, send: [check], cancel: [] }
}

type Outcome = Exclude<Reaction<unknown>, readonly Intent[] | undefined>

function outcome(definition: ProcessManagerDefinition, event: RecordedEvent, reaction: Reaction<unknown>): Outcome {
  if (reaction === undefined) return {}
  if (isIntents(reaction)) return { send: reaction }
  if (reaction instanceof Promise) {
    // Its own failure is not the news.
    reaction.catch(() => undefined)
    throw new DefinitionError(
      `The reaction of process manager ${definition.name} to ${event.type} is asynchronous. It must be pure; what it asks its context for it gets at once.`,
      { name: definition.name, type: event.type },
    )
  }
  return reaction
}

function isIntents(reaction: Exclude<Reaction<unknown>, undefined>): reaction is readonly Intent[] {
  return Array.isArray(reaction)
}

interface Occasion {
  readonly definition: ProcessManagerDefinition
  readonly key: InstanceKey
  readonly before: ProcessInstance
  readonly event: RecordedEvent
  readonly schemaVersionOf: (commandType: string) => number
}

function carryOut(occasion: Occasion, { state, send: intents = [], done = false, waitingFor }: Outcome): Step {
  const { definition, key, before, event } = occasion
  const timers: Record<string, TimerState> = { ...before.timers }
  const cancel: string[] = []
  const send: StepCommand[] = []
  // A timer that is due has fired or is about to: its command ends by itself.
  for (const [name, timer] of Object.entries(timers)) if (new Date(timer.dueAt) <= event.recordedAt) delete timers[name]
  const end = (name: string): void => {
    const timer = timers[name]
    if (timer === undefined) return
    cancel.push(timer.commandId)
    delete timers[name]
  }
  for (const [index, intent] of intents.entries()) {
    if (!('kind' in intent)) {
      send.push({ command: commandOf(occasion, index, intent), dueAt: undefined, timer: undefined })
    } else if (intent.kind === 'cancel-timer') {
      end(intent.timer)
    } else {
      end(intent.timer)
      const command = commandOf(occasion, index, intent.command)
      const dueAt = new Date(event.recordedAt.getTime() + delayMs(intent.delay)).toISOString()
      timers[intent.timer] = { commandId: command.id, dueAt }
      send.push({ command, dueAt, timer: intent.timer })
    }
  }
  // Set once, and set again when it has fired: an event in between costs nothing.
  if (definition.expiresAfterMs !== undefined && !done && timers[idleTimer] === undefined) {
    const check = idleCheck(key, event, event.recordedAt, definition.expiresAfterMs, occasion.schemaVersionOf)
    timers[idleTimer] = { commandId: check.command.id, dueAt: check.dueAt }
    send.push(check)
  }
  if (done) for (const name of Object.keys(timers)) end(name)
  // Timers that were set and ended in one step never were.
  const ended = new Set(cancel)
  const kept = send.filter(({ command }) => !ended.has(command.id))
  const sent = new Set(send.map(({ command }) => command.id))
  return {
    instance: {
      ...key,
      status: done ? 'done' : 'running',
      state,
      stateVersion: definition.stateVersion,
      version: definition.version,
      position: event.position,
      steps: before.steps + 1,
      timers,
      waitingFor: done ? undefined : waitingFor,
      startedAt: before.startedAt,
      updatedAt: event.recordedAt.toISOString(),
    },
    send: kept,
    cancel: cancel.filter((id) => !sent.has(id)),
  }
}

/** The id of the command that a step over an event sends in this place among its intents, from 0. */
export function stepCommandId({ processManager, tenantId, instanceId }: InstanceKey, eventId: string, index: number): string {
  return derivedUuid('process-manager', processManager, tenantId, instanceId, eventId, String(index))
}

function commandOf(
  { key, event, schemaVersionOf }: Occasion,
  index: number,
  { type, aggregateType, aggregateId, payload }: NewCommand,
): Command {
  const id = stepCommandId(key, event.id, index)
  const metadata = commandMetadata(id, schemaVersionOf(type), causedBy(event))
  return { id, tenantId: key.tenantId, type, aggregateType, aggregateId, payload, metadata }
}
