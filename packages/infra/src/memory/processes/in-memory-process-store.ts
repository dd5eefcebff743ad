import {
  assertTime,
  defaultMaxPayloadBytes,
  encodePayload,
  type InstanceCount,
  type InstanceCountFilter,
  type InstanceFilter,
  type InstanceKey,
  type ProcessInstance,
  type ProcessInstanceStorePort,
  type ProcessTransaction,
  type ProcessTransactionsPort,
} from '@cairn/core'
import { assertWholeNumber } from '../assert-whole-number.ts'
import { InMemoryCommandStore } from '../in-memory-command-store.ts'

/** Instances in memory, as JSON text, so that no caller holds a part of them. */
export class InMemoryProcessStore implements ProcessInstanceStorePort, ProcessTransactionsPort {
  readonly #rows = new Map<string, string>()
  readonly #commands: InMemoryCommandStore
  readonly #enqueued: () => void
  readonly #maxPayloadBytes: number
  readonly #turns = new Map<string, Promise<unknown>>()

  /**
   * @param enqueued called after transactions that put commands aside
   * @param maxPayloadBytes of a state
   */
  constructor(
    commands: InMemoryCommandStore = new InMemoryCommandStore(),
    enqueued: () => void = () => undefined,
    maxPayloadBytes = defaultMaxPayloadBytes,
  ) {
    this.#commands = commands
    this.#enqueued = enqueued
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /** Instances that stand when `commit` is called; `load` sees those that were saved before. */
  begin(): ProcessInstanceStorePort & { commit(): void } {
    const saved = new Map<string, string>()
    return {
      load: async (keys) => keys.map((key) => parse(saved.get(textOf(key)) ?? this.#rows.get(textOf(key)))),
      save: async (instances) => {
        for (const instance of instances) saved.set(textOf(instance), encode(instance, this.#maxPayloadBytes))
      },
      list: (filter) => this.list(filter),
      count: (filter) => this.count(filter),
      commit: () => {
        for (const [key, row] of saved) this.#put(key, row)
      },
    }
  }

  async load(keys: readonly InstanceKey[]): Promise<readonly (ProcessInstance | undefined)[]> {
    return keys.map((key) => parse(this.#rows.get(textOf(key))))
  }

  async save(instances: readonly ProcessInstance[]): Promise<void> {
    for (const instance of instances) this.#put(textOf(instance), encode(instance, this.#maxPayloadBytes))
  }

  /** An instance never goes back. */
  #put(key: string, row: string): void {
    const [stored, next] = [parse(this.#rows.get(key)), parse(row)]
    if ((stored?.position ?? 0) <= (next?.position ?? 0)) this.#rows.set(key, row)
  }

  async list({ after, limit = 100, ...filter }: InstanceFilter): Promise<readonly ProcessInstance[]> {
    assertWholeNumber('limit', limit, 1, 1_000)
    return this.#matching(filter, after).slice(0, limit)
  }

  async count(filter: InstanceCountFilter): Promise<readonly InstanceCount[]> {
    const groups = Map.groupBy(this.#matching(filter), ({ processManager }) => processManager)
    return [...groups].map(([processManager, all]) => ({
      processManager,
      count: all.length,
      quietest: all.map(({ updatedAt }) => updatedAt).toSorted()[0] ?? '',
    }))
  }

  #matching({ tenantId, processManager, status, quietSince }: InstanceCountFilter, after?: InstanceKey): readonly ProcessInstance[] {
    if (quietSince !== undefined) assertTime('quietSince', quietSince)
    return [...this.#rows.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .filter(([key]) => after === undefined || key > textOf(after))
      .flatMap(([, row]) => parse(row) ?? [])
      .filter((instance) => tenantId === undefined || instance.tenantId === tenantId)
      .filter((instance) => processManager === undefined || instance.processManager === processManager)
      .filter((instance) => status === undefined || instance.status === status)
      .filter((instance) => quietSince === undefined || Date.parse(instance.updatedAt) < quietSince.getTime())
  }

  transaction<T>(key: InstanceKey, work: (tx: ProcessTransaction) => Promise<T>): Promise<T> {
    const text = textOf(key)
    const turn = (this.#turns.get(text) ?? Promise.resolve()).then(() => this.#run(work))
    const settled = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#turns.get(text) === settled) this.#turns.delete(text)
      })
    this.#turns.set(text, settled)
    return turn
  }

  async #run<T>(work: (tx: ProcessTransaction) => Promise<T>): Promise<T> {
    const commands = this.#commands.begin()
    const instances = this.begin()
    const result = await work({ commands, instances })
    commands.check()
    commands.commit()
    instances.commit()
    if (commands.used) this.#enqueued()
    return result
  }
}

function textOf({ processManager, tenantId, instanceId }: InstanceKey): string {
  return `${processManager}\0${tenantId}\0${instanceId}`
}

function encode(instance: ProcessInstance, maxBytes: number): string {
  const { processManager, instanceId, state } = instance
  // Refuses what no database could store.
  encodePayload(`the state of process manager ${processManager}, instance ${instanceId}`, state ?? null, maxBytes)
  return JSON.stringify({ ...instance, state: state ?? null })
}

function parse(row: string | undefined): ProcessInstance | undefined {
  if (row === undefined) return undefined
  const instance = JSON.parse(row) as ProcessInstance
  return { ...instance, waitingFor: instance.waitingFor }
}
