import type { RecordedEvent } from '../contracts/event.ts'
import { InvalidInputError } from '../errors/input.ts'
import type { ProcessInstanceStorePort } from '../ports/process-instance-store.port.ts'
import type { SubscriptionTransaction } from '../ports/subscription-store.port.ts'
import type { Opened, Processor } from '../subscriptions/consumer.ts'
import { EventHandlingFailure } from '../subscriptions/event-handling-failure.ts'
import { encodePayload } from '../validation/encode-payload.ts'
import type { InstanceKey, ProcessInstance, Step } from './instance.ts'
import type { ProcessManagerDefinition } from './process-manager.ts'
import { step } from './step.ts'
import { HistoryNeeded, StepLoads } from './step-loads.ts'
import type { StepServices } from './step-services.ts'

export interface ProcessorParts {
  readonly definition: ProcessManagerDefinition
  readonly instances: Pick<ProcessInstanceStorePort, 'load'>
  readonly services: StepServices
  readonly opened: Opened
  /** @default 1_048_576 */
  readonly maxPayloadBytes?: number | undefined
}

/** Instances that stay in memory between batches. Nobody else changes them while the lease holds. */
const maxKnown = 10_000

/** Computes the steps of a batch in memory, and writes them in one commit. */
export class ProcessManagerProcessor implements Processor {
  readonly #parts: ProcessorParts
  /** As they are after every event handled. Undefined: there is none yet. */
  readonly #known = new Map<string, ProcessInstance | undefined>()
  #changed = new Map<string, ProcessInstance>()
  #steps: Step[] = []

  constructor(parts: ProcessorParts) {
    this.#parts = parts
  }

  get pending(): number {
    return this.#changed.size + this.#steps.reduce((sum, { send }) => sum + send.length, 0)
  }

  async handle(events: readonly RecordedEvent[]): Promise<void> {
    const keyed = events.map((event) => ({ event, key: this.#keyOf(event) }))
    await this.#load(keyed.flatMap(({ key }) => key ?? []))
    for (const { event, key } of keyed) {
      if (key === undefined) continue
      const started = performance.now()
      let needed = this.#step(event, key, started)
      if (needed === undefined) continue
      const loads = new StepLoads()
      do {
        await this.#fill(loads, needed, event)
        needed = this.#step(event, key, started, loads)
      } while (needed !== undefined)
    }
  }

  async commit({ instances, commands }: SubscriptionTransaction): Promise<void> {
    if (this.#steps.length === 0) return
    await instances.save([...this.#changed.values()])
    await commands.enqueue(
      this.#steps.flatMap(({ send }) =>
        send.map(({ command, dueAt }) => (dueAt === undefined ? { command } : { command, dueAt: new Date(dueAt) })),
      ),
    )
    const cancelled = new Map<string, string[]>()
    for (const { instance, cancel } of this.#steps) {
      if (cancel.length > 0) cancelled.set(instance.tenantId, [...(cancelled.get(instance.tenantId) ?? []), ...cancel])
    }
    for (const [tenantId, ids] of cancelled) await commands.cancel(tenantId, ids)
  }

  committed(): void {
    this.#changed = new Map()
    this.#steps = []
    if (this.#known.size > maxKnown) this.#known.clear()
  }

  reset(): void {
    this.committed()
    this.#known.clear()
  }

  #keyOf(event: RecordedEvent): InstanceKey | undefined {
    const { definition } = this.#parts
    const instanceId = definition.correlate(event)
    return instanceId === undefined ? undefined : { processManager: definition.name, tenantId: event.tenantId, instanceId }
  }

  async #load(keys: readonly InstanceKey[]): Promise<void> {
    const missing = new Map(keys.map((key) => [textOf(key), key] as const).filter(([text]) => !this.#known.has(text)))
    if (missing.size === 0) return
    const loaded = await this.#parts.instances.load([...missing.values()])
    for (const [i, text] of [...missing.keys()].entries()) this.#known.set(text, loaded[i])
  }

  /** Answers with what the reaction needs first; undefined: the step is made. */
  #step(event: RecordedEvent, key: InstanceKey, started: number, loads?: StepLoads): HistoryNeeded | undefined {
    const { definition, services, opened, maxPayloadBytes } = this.#parts
    const text = textOf(key)
    let made: Step | undefined
    try {
      made = step(definition, this.#known.get(text), event, services, loads)
      if (made !== undefined) assertStorable(made, maxPayloadBytes)
    } catch (error) {
      if (error instanceof HistoryNeeded) return error
      opened.timed?.(event.type, performance.now() - started)
      // A step changes nothing before it is through: the ones before it stand.
      throw new EventHandlingFailure(event, error, { othersKept: true })
    }
    opened.timed?.(event.type, performance.now() - started)
    if (made === undefined) return undefined
    this.#known.set(text, made.instance)
    this.#changed.set(text, made.instance)
    this.#steps.push(made)
    return undefined
  }

  async #fill(loads: StepLoads, { request }: HistoryNeeded, event: RecordedEvent): Promise<void> {
    try {
      await loads.fill(request, event.position, this.#parts.services.history)
    } catch (error) {
      throw new EventHandlingFailure(event, error, { othersKept: true })
    }
  }
}

/** What no store takes is this event's fault, and is found before it spoils the commit of others. */
function assertStorable({ instance, send }: Step, maxBytes: number | undefined): void {
  const what = `process manager ${instance.processManager}, instance ${instance.instanceId}`
  if (
    instance.instanceId === '' ||
    instance.instanceId.length > 1_000 ||
    instance.instanceId.includes('\0') ||
    !instance.instanceId.isWellFormed()
  ) {
    throw new InvalidInputError(
      'instanceId',
      `The correlation key of ${what} must be well-formed text of 1 to 1,000 characters without NUL.`,
    )
  }
  encodePayload(`the state of ${what}`, instance.state ?? null, maxBytes)
  encodePayload(`what is waited for by ${what}`, instance.waitingFor ?? null, maxBytes)
  for (const { command } of send) encodePayload(`command ${command.type}`, command.payload, maxBytes)
}

function textOf({ tenantId, instanceId }: InstanceKey): string {
  return `${tenantId}\0${instanceId}`
}
