import { step, type ProcessInstance, type ProcessManagerDefinition, type RecordedEvent, type StepCommand } from '@cairn/core'
import type { FailedEvent, HeldTimer, StepResult } from '../workflows/contract.ts'
import { mayPass } from './is-outage.ts'

/** What a batch of events leads to in one instance. */
export interface Steps {
  readonly instance: ProcessInstance | undefined
  readonly send: readonly StepCommand[]
  readonly cancel: readonly string[]
  /** The first event whose reaction failed; the rest was not looked at. */
  readonly failed: FailedEvent | undefined
}

/** Pure. @throws what may pass */
export function stepOver(
  definition: ProcessManagerDefinition,
  stored: ProcessInstance | undefined,
  events: readonly RecordedEvent[],
  schemaVersionOf?: (commandType: string) => number,
): Steps {
  let instance = stored
  let send: Steps['send'] = []
  let cancel: readonly string[] = []
  for (const event of events) {
    try {
      const next = step(definition, instance, event, schemaVersionOf)
      if (next === undefined) continue
      instance = next.instance
      send = [...send, ...next.send]
      cancel = [...cancel, ...next.cancel]
    } catch (error) {
      if (mayPass(error)) throw error
      return { instance, send, cancel, failed: failedEvent(event, error) }
    }
  }
  return { instance, send, cancel, failed: undefined }
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
