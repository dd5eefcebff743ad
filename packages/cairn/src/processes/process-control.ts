import type { InstanceCountFilter, InstanceFilter, ProcessInstance, TimerState } from '@cairn/core'

/** How an instance of a process manager stands. */
export interface ProcessStatus extends Pick<
  ProcessInstance,
  'processManager' | 'tenantId' | 'instanceId' | 'status' | 'state' | 'version' | 'steps' | 'waitingFor'
> {
  /** The time of its last event: since then nothing came. Undefined when it has ended. */
  readonly waitingSince: Date | undefined
  /** Commands that wait for their time, the next one first. */
  readonly timers: readonly (TimerState & { readonly name: string })[]
  /** The times of its first and last events. */
  readonly startedAt: Date
  readonly updatedAt: Date
}

/** How many instances of a process manager there are of those asked for. */
export interface ProcessCount {
  readonly processManager: string
  readonly count: number
  /** The time of the last event of the one that waits longest. */
  readonly quietest: Date
}

/** Instances of process managers, for an operator: of all tenants. */
export interface ProcessControl {
  /**
   * Instances, ascending by process manager, tenant and id, in pages: `after` takes the last one of the page before. What is stuck:
   * `{ status: 'running', quietSince: new Date(Date.now() - 3_600_000) }`; each says what it waits for, and since when.
   * @throws InvalidInputError
   */
  list(filter?: InstanceFilter): Promise<readonly ProcessStatus[]>
  /**
   * How many there are of each process manager that has any, for metrics: what is stuck by
   * `{ status: 'running', quietSince: new Date(Date.now() - 3_600_000) }`.
   */
  count(filter?: InstanceCountFilter): Promise<readonly ProcessCount[]>
}
