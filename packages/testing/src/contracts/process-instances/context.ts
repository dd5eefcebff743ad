import { uuidv7, type ProcessInstance, type ProcessInstanceStorePort, type ProcessTransactionsPort } from '@cairn/core'

export interface ProcessInstancesFixture {
  readonly instances: ProcessInstanceStorePort & ProcessTransactionsPort
  /** Another process over the same data, as far as it can tell. @default `instances` */
  readonly rival?: ProcessInstanceStorePort & ProcessTransactionsPort
  cleanup(): Promise<void>
}

export interface ProcessInstancesContext {
  readonly instances: ProcessInstanceStorePort & ProcessTransactionsPort
  readonly rival: ProcessInstanceStorePort & ProcessTransactionsPort
  readonly tenantId: string
  instance(instanceId: string, over?: Partial<ProcessInstance>): ProcessInstance
}

export function processInstancesContext({ instances, rival = instances }: ProcessInstancesFixture): ProcessInstancesContext {
  const tenantId = `tenant-${uuidv7()}`
  return {
    instances,
    rival,
    tenantId,
    instance: (instanceId, over = {}) => ({
      processManager: 'fulfilment',
      tenantId,
      instanceId,
      status: 'running',
      state: { phase: 'waiting', deep: [1, { a: null }] },
      stateVersion: 2,
      version: 3,
      position: 17,
      steps: 4,
      timers: { 'order.autoCancel': { commandId: uuidv7(), dueAt: '2026-01-02T03:04:05.678Z' } },
      waitingFor: 'payment',
      startedAt: '2026-01-01T00:00:00.001Z',
      updatedAt: '2026-01-01T00:00:01.002Z',
      ...over,
    }),
  }
}
