import type { InstanceCountFilter, InstanceFilter, ProcessInstance, ProcessInstanceStorePort } from '@cairn/core'
import type { Guard } from '../subscriptions/stored-subscription-control.ts'
import type { ProcessControl, ProcessCount, ProcessStatus } from './process-control.ts'

export class StoredProcessControl implements ProcessControl {
  readonly #instances: ProcessInstanceStorePort
  readonly #guard: Guard

  constructor(instances: ProcessInstanceStorePort, guard: Guard) {
    this.#instances = instances
    this.#guard = guard
  }

  list(filter: InstanceFilter = {}): Promise<readonly ProcessStatus[]> {
    return this.#guard(async () => (await this.#instances.list(filter)).map(statusOf))
  }

  count(filter: InstanceCountFilter = {}): Promise<readonly ProcessCount[]> {
    return this.#guard(async () => (await this.#instances.count(filter)).map((one) => ({ ...one, quietest: new Date(one.quietest) })))
  }
}

function statusOf(instance: ProcessInstance): ProcessStatus {
  const { processManager, tenantId, instanceId, status, state, version, steps, waitingFor, timers, startedAt, updatedAt } = instance
  const updated = new Date(updatedAt)
  return {
    processManager,
    tenantId,
    instanceId,
    status,
    state,
    version,
    steps,
    waitingFor,
    waitingSince: status === 'running' ? updated : undefined,
    timers: Object.entries(timers)
      .map(([name, timer]) => ({ name, ...timer }))
      .toSorted((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt)),
    startedAt: new Date(startedAt),
    updatedAt: updated,
  }
}
