import type { Command } from '../contracts/command.ts'
import type { RecordedEvent } from '../contracts/event.ts'

/** A command that waits for its time. */
export interface TimerState {
  readonly commandId: string
  /** ISO 8601, UTC. */
  readonly dueAt: string
}

/** One run of a process manager: what is kept between events. JSON-stable. */
export interface ProcessInstance {
  readonly processManager: string
  readonly tenantId: string
  /** The correlation key's value. */
  readonly instanceId: string
  readonly status: 'running' | 'done'
  /** In its stored form, of the schema version named next. */
  readonly state: unknown
  readonly stateVersion: number
  /** The process manager's version that handled the last event. */
  readonly version: number
  /** The position of the last event handled: an event at or below it was handled before. */
  readonly position: number
  /** Events handled. */
  readonly steps: number
  /** By name. */
  readonly timers: Readonly<Record<string, TimerState>>
  readonly waitingFor: string | undefined
  /** Recorded times of its first and last events; ISO 8601, UTC. */
  readonly startedAt: string
  readonly updatedAt: string
}

/** A command on its way out of a step. */
export interface StepCommand {
  readonly command: Command
  /** Undefined: now. */
  readonly dueAt: string | undefined
  readonly timer: string | undefined
}

/** What one event led to in one instance. All of it belongs into one transaction. */
export interface Step {
  readonly instance: ProcessInstance
  readonly send: readonly StepCommand[]
  /** Ids of commands that wait and are no longer wanted. */
  readonly cancel: readonly string[]
}

/** The key of an instance. */
export interface InstanceKey {
  readonly processManager: string
  readonly tenantId: string
  readonly instanceId: string
}

/** @param initial in its stored form */
export function newInstance(
  key: InstanceKey,
  initial: unknown,
  stateVersion: number,
  version: number,
  event: RecordedEvent,
): ProcessInstance {
  const at = event.recordedAt.toISOString()
  return {
    ...key,
    status: 'running',
    state: initial,
    stateVersion,
    version,
    position: 0,
    steps: 0,
    timers: {},
    waitingFor: undefined,
    startedAt: at,
    updatedAt: at,
  }
}
