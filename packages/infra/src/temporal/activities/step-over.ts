import {
  HistoryNeeded,
  step,
  StepLoads,
  stepLoading,
  type ProcessInstance,
  type ProcessManagerDefinition,
  type RecordedEvent,
  type StepCommand,
  type StepServices,
} from '@cairn/core'
import type { FailedEvent, HeldTimer, StepResult } from '../workflows/contract.ts'
import { mayPass } from './may-pass.ts'

/** What a batch of events leads to in one instance. */
export interface Steps {
  readonly instance: ProcessInstance | undefined
  readonly send: readonly StepCommand[]
  readonly cancel: readonly string[]
  /** The first event whose reaction failed; the rest was not looked at. */
  readonly failed: FailedEvent | undefined
}

/** What the reactions to events loaded, by the events' ids. */
export type LoadsByEvent = Map<string, StepLoads>

/**
 * Pure.
 * @param loads what was loaded so far; see `loadFor`
 * @throws what may pass, and HistoryNeeded where more must be loaded first
 */
export function stepOver(
  definition: ProcessManagerDefinition,
  stored: ProcessInstance | undefined,
  events: readonly RecordedEvent[],
  services?: StepServices,
  loads?: ReadonlyMap<string, StepLoads>,
): Steps {
  let instance = stored
  let send: Steps['send'] = []
  let cancel: readonly string[] = []
  for (const event of events) {
    try {
      const next = step(definition, instance, event, services, loads?.get(event.id))
      if (next === undefined) continue
      instance = next.instance
      send = [...send, ...next.send]
      cancel = [...cancel, ...next.cancel]
    } catch (error) {
      if (mayPass(error) || error instanceof HistoryNeeded) throw error
      return { instance, send, cancel, failed: failedEvent(event, error) }
    }
  }
  return { instance, send, cancel, failed: undefined }
}

/**
 * Loads what the reactions to events ask for, each on what the one before it leaves: all at once, so that the transaction which makes
 * the steps waits for nothing. What fails here fails there, and is told there.
 * @throws what may pass
 */
export async function loadFor(
  definition: ProcessManagerDefinition,
  stored: ProcessInstance | undefined,
  events: readonly RecordedEvent[],
  { history, schemaVersionOf }: StepServices,
): Promise<LoadsByEvent> {
  const loads: LoadsByEvent = new Map()
  let instance = stored
  for (const event of events) {
    const ofEvent = new StepLoads()
    loads.set(event.id, ofEvent)
    try {
      instance = (await stepLoading(definition, instance, event, { history, schemaVersionOf }, ofEvent))?.instance ?? instance
    } catch (error) {
      if (mayPass(error)) throw error
      return loads
    }
  }
  return loads
}

export function failedEvent({ position }: RecordedEvent, error: unknown): FailedEvent {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'CAIRN_UNEXPECTED'
  return { position, code, message: error instanceof Error ? error.message : String(error) }
}

export function resultOf({ instance, send, failed }: Steps): StepResult {
  const timers = Object.values(instance?.timers ?? {}).map(({ commandId, dueAt }): HeldTimer => ({ commandId, dueAt: Date.parse(dueAt) }))
  const commands = send.filter(({ dueAt }) => dueAt === undefined).map(({ command }) => command.id)
  const result = { timers, commands, done: instance?.status === 'done' }
  return failed === undefined ? result : { ...result, failed }
}
