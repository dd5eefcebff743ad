import type { AggregateModel } from '../aggregate/aggregate-model.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import { describeStream, streamMapKey, type StreamKey } from '../contracts/stream-key.ts'
import { deepFreeze } from '../aggregate/deep-freeze.ts'
import { DefinitionError } from '../errors/domain.ts'
import { isCairnError } from '../errors/cairn-error.ts'
import { isTransient } from '../subscriptions/transient.ts'
import type { PastState } from './process-context.ts'
import type { ProcessHistoryPort } from './process-history.port.ts'

/** What a reaction asks the log for. Undefined: the events themselves. */
export interface LoadRequest {
  readonly stream: StreamKey
  readonly model: AggregateModel | undefined
}

type Answer = { readonly request: LoadRequest } & ({ readonly value: unknown } | { readonly error: unknown })

/** A reaction that asks for so many streams, one after another, is taken for one that asks for another each time. */
const mostLoads = 200

/** What was loaded for the step over one event. */
export class StepLoads {
  readonly #answers: Answer[] = []
  #end: LoadRefused | undefined

  /** @throws HistoryNeeded where it was not loaded yet; what went wrong where it could not be; LoadRefused where no more is loaded */
  events(stream: StreamKey): readonly RecordedEvent[] {
    return this.#read({ stream, model: undefined }) as readonly RecordedEvent[]
  }

  /** @throws as `events` */
  aggregate(model: AggregateModel, stream: StreamKey): PastState<unknown> {
    return this.#read({ stream, model }) as PastState<unknown>
  }

  /**
   * Loads what was asked for. What cannot be loaded for a reason that stays is told to the reaction when it asks again.
   * @throws what may pass
   */
  async fill(request: LoadRequest, position: number, history: ProcessHistoryPort | undefined): Promise<void> {
    if (history === undefined) this.#end ??= nothingToLoadFrom(request)
    if (history === undefined || this.#isFull(request)) return
    try {
      const { stream, model } = request
      this.set(request, await (model === undefined ? history.events(stream, position) : history.aggregate(model, stream, position)))
    } catch (error) {
      if (isTransient(error) || (isCairnError(error) && error.retryable)) throw error
      this.#answers.push({ request, error })
    }
  }

  /** @param value frozen from here on: a reaction that is run again must find it as it was */
  set(request: LoadRequest, value: unknown): void {
    if (!this.#isFull(request)) this.#answers.push({ request, value: deepFreeze(value) })
  }

  #isFull(request: LoadRequest): boolean {
    if (this.#answers.length < mostLoads) return false
    this.#end ??= endless(request)
    return true
  }

  #read(request: LoadRequest): unknown {
    const key = streamMapKey(request.stream)
    const answer = this.#answers.find((one) => one.request.model === request.model && streamMapKey(one.request.stream) === key)
    if (answer === undefined) throw this.#end ?? new HistoryNeeded(request)
    if ('error' in answer) throw answer.error
    return answer.value
  }
}

/** Ends a run of a reaction: it is run again when this is loaded. Whoever runs steps catches it; nobody else sees it. */
export class HistoryNeeded extends Error {
  override readonly name = 'HistoryNeeded'
  readonly request: LoadRequest

  constructor(request: LoadRequest) {
    super(`${describeStream(request.stream)} is being loaded; the reaction is then run again.`)
    this.request = request
  }
}

/** Ends a step for good, whatever the reaction makes of it. */
export class LoadRefused extends DefinitionError {}

function nothingToLoadFrom({ stream }: LoadRequest): LoadRefused {
  const what = describeStream(stream)
  return new LoadRefused(`A reaction loads ${what}, but whoever runs it gave it no log to load from: pass history.`, { stream: what })
}

function endless({ stream }: LoadRequest): LoadRefused {
  const what = describeStream(stream)
  return new LoadRefused(
    `A reaction loads more than ${mostLoads} streams for one event, ${what} at last. It must be pure, and ask for the same each time.`,
    { stream: what },
  )
}
