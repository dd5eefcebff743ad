import { encodePayload, type ProcessInstance, type TimerState } from '@cairn/core'

/** What process_instance_json of db/functions/300-process-instances.sql writes. */
export type InstanceRow = readonly [
  processManager: string,
  tenantId: string,
  instanceId: string,
  status: ProcessInstance['status'],
  state: unknown,
  stateVersion: number,
  version: number,
  position: number,
  steps: number,
  timers: Readonly<Record<string, TimerState>>,
  waitingFor: string | null,
  startedAt: number,
  updatedAt: number,
]

export function toInstance(row: InstanceRow): ProcessInstance {
  const [
    processManager,
    tenantId,
    instanceId,
    status,
    state,
    stateVersion,
    version,
    position,
    steps,
    timers,
    waitingFor,
    startedAt,
    updatedAt,
  ] = row
  return {
    processManager,
    tenantId,
    instanceId,
    status,
    state,
    stateVersion,
    version,
    position,
    steps,
    timers,
    waitingFor: waitingFor ?? undefined,
    startedAt: new Date(startedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  }
}

/** Instances as `save_process_instances` takes them. @throws InvalidInputError, PayloadTooLargeError for a state that cannot be stored */
export function instancesJson(instances: readonly ProcessInstance[], maxBytes: number): string {
  const texts = instances.map((instance) => {
    const { processManager, tenantId, instanceId, status, stateVersion, version, position, steps, waitingFor } = instance
    const what = `process manager ${processManager}, instance ${instanceId}`
    const state = encodePayload(`the state of ${what}`, instance.state ?? null, maxBytes)
    const timers = encodePayload(`the timers of ${what}`, instance.timers, maxBytes)
    const waiting = encodePayload(`what is waited for by ${what}`, waitingFor ?? null, maxBytes)
    const names = [processManager, tenantId, instanceId, status].map((name) => JSON.stringify(name)).join(',')
    const times = `${Date.parse(instance.startedAt)},${Date.parse(instance.updatedAt)}`
    return `[${names},${state},${stateVersion},${version},${position},${steps},${timers},${waiting},${times}]`
  })
  return `[${texts.join(',')}]`
}
