import type { AggregateModel } from '../aggregate/aggregate-model.ts'
import { toAggregateModel, type AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import type { StreamKey } from '../contracts/stream-key.ts'
import type { LogFields } from '../ports/logger.port.ts'
import type { InstanceKey } from './instance.ts'
import type { PastState, ProcessContext, StepLog, StepTrace } from './process-context.ts'
import { HistoryNeeded, LoadRefused, StepLoads } from './step-loads.ts'
import type { StepServices } from './step-services.ts'

/** The context of one run of a reaction. What it says is held back until it is known that the run counts. */
export class StepContext {
  readonly #key: InstanceKey
  readonly #event: RecordedEvent
  #loads: StepLoads | undefined
  #interruption: HistoryNeeded | LoadRefused | undefined
  #said: ((services: StepServices) => void)[] | undefined

  constructor(key: InstanceKey, event: RecordedEvent, loads: StepLoads | undefined) {
    this.#key = key
    this.#event = event
    this.#loads = loads
  }

  /** Why the run does not count, whatever the reaction made of it: it asked for something and did not get it. */
  get interruption(): HistoryNeeded | LoadRefused | undefined {
    return this.#interruption
  }

  get instanceId(): string {
    return this.#key.instanceId
  }

  get trace(): StepTrace {
    const { id, metadata } = this.#event
    return { correlationId: metadata.correlationId, causationId: id, traceparent: metadata.traceparent }
  }

  // Functions made when they are asked for: reactions take the context apart, and most use none of it.
  get loadAggregate(): ProcessContext['loadAggregate'] {
    return <A extends AggregateDefinition>(aggregate: A, id: string) => {
      const stream = this.#streamOf(aggregate.events.$aggregate, id)
      return this.#load((loads) => loads.aggregate(modelOf(aggregate), stream)) as PastState<ReturnType<A['initial']>>
    }
  }

  get loadEvents(): (aggregateType: string, id: string) => readonly RecordedEvent[] {
    return (aggregateType, id) => this.#load((loads) => loads.events(this.#streamOf(aggregateType, id)))
  }

  get hint(): ProcessContext['hint'] {
    return (key) => {
      const { metadata } = this.#event
      return Object.hasOwn(metadata, key) ? metadata[key] : undefined
    }
  }

  get metric(): ProcessContext['metric'] {
    return (name, value) => {
      const { processManager, tenantId, instanceId } = this.#key
      const { type: eventType } = this.#event
      this.#say(({ observer }) => observer?.measured?.({ processManager, tenantId, instanceId, eventType, name, value }))
    }
  }

  get log(): StepLog {
    const line =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, fields: LogFields = {}): void =>
        this.#say(({ logger }) => logger?.[level](message, { ...fields, ...this.#about() }))
    return { trace: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  }

  /** Says what the run said. Never throws: a step does not depend on who listens. */
  speak(services: StepServices): void {
    for (const say of this.#said ?? []) {
      try {
        say(services)
      } catch (error) {
        services.logger?.error('An observer of a process manager failed.', { ...this.#about(), error })
      }
    }
  }

  #say(line: (services: StepServices) => void): void {
    ;(this.#said ??= []).push(line)
  }

  #about(): LogFields {
    const { id, type, tenantId, metadata } = this.#event
    const { processManager, instanceId } = this.#key
    return {
      component: 'process-manager',
      tenantId,
      correlationId: metadata.correlationId,
      processManager,
      instanceId,
      eventId: id,
      eventType: type,
    }
  }

  #streamOf(aggregateType: string, aggregateId: string): StreamKey {
    return { tenantId: this.#key.tenantId, aggregateType, aggregateId }
  }

  #load<T>(read: (loads: StepLoads) => T): T {
    try {
      return read((this.#loads ??= new StepLoads()))
    } catch (error) {
      if (error instanceof HistoryNeeded || error instanceof LoadRefused) this.#interruption ??= error
      throw error
    }
  }
}

const models = new WeakMap<AggregateDefinition, AggregateModel>()

/** One model for each definition: it is not made anew with every step. */
function modelOf(aggregate: AggregateDefinition): AggregateModel {
  let model = models.get(aggregate)
  if (model === undefined) models.set(aggregate, (model = toAggregateModel(aggregate)))
  return model
}
