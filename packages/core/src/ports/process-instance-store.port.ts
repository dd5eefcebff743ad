import type { CommandQueuePort } from './command-queue.port.ts'
import type { InstanceKey, ProcessInstance } from '../process-managers/instance.ts'

/** Which instances to list. */
export interface InstanceFilter {
  readonly tenantId?: string | undefined
  readonly processManager?: string | undefined
  readonly status?: ProcessInstance['status'] | undefined
  /** Only those whose last event was recorded before this time: what is stuck. */
  readonly quietSince?: Date | undefined
  /** Go on behind this instance, exclusive. */
  readonly after?: InstanceKey | undefined
  /** 1..1,000. @default 100 */
  readonly limit?: number | undefined
}

/** Which instances to count. */
export type InstanceCountFilter = Pick<InstanceFilter, 'tenantId' | 'processManager' | 'status' | 'quietSince'>

export interface InstanceCount {
  readonly processManager: string
  readonly count: number
  /** When the last event of the quietest of them was recorded; ISO 8601, UTC. */
  readonly quietest: string
}

/**
 * What is kept of process managers between events: one row for each instance, with its state, its timers, and what it waits for.
 * Inside a transaction, `save` stands when that commits.
 */
export interface ProcessInstanceStorePort {
  /** In the order of the keys; undefined for those that are not there. */
  load(keys: readonly InstanceKey[]): Promise<readonly (ProcessInstance | undefined)[]>
  /** Stores instances, in place of what is stored of them, unless that has a higher position. No key may stand twice. */
  save(instances: readonly ProcessInstance[]): Promise<void>
  /** Ascending by process manager, tenant and instance, in keyset pages. @throws InvalidInputError for a limit or a time that is none */
  list(filter: InstanceFilter): Promise<readonly ProcessInstance[]>
  /** How many there are of each process manager that has any, ascending by its name. @throws InvalidInputError for a time that is none */
  count(filter: InstanceCountFilter): Promise<readonly InstanceCount[]>
}

/** What a step writes, wherever it runs. */
export interface ProcessTransaction {
  readonly commands: CommandQueuePort
  readonly instances: ProcessInstanceStorePort
}

/** Steps outside of a subscription's commit: for schedulers that deliver events by themselves. */
export interface ProcessTransactionsPort {
  /**
   * Runs a step in a transaction. Those of one instance run one after another, whichever process they are in; so what `work` loads
   * is what the last one left.
   * @throws what `work` throws, and DatabaseUnavailableError; then it may or may not have taken effect: load and look again
   */
  transaction<T>(key: InstanceKey, work: (tx: ProcessTransaction) => Promise<T>): Promise<T>
}
