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

  /** @throws HistoryNeeded where it was not loaded yet, and what went wrong where it could not be */
  events(stream: StreamKey): readonly RecordedEvent[] {
    return this.#read({ stream, model: undefined }) as readonly RecordedEvent[]
  }

  /** @throws as `events` */
  aggregate(model: AggregateModel, stream: StreamKey): PastState<unknown> {
    return this.#read({ stream, model }) as PastState<unknown>
  }

  /**
   * Loads what was asked for. What cannot be loaded for a reason that stays is told to the reaction when it asks again.
   * @throws what may pass; DefinitionError where there is nothing to load from, or no end of it
   */
  async fill(request: LoadRequest, position: number, history: ProcessHistoryPort | undefined): Promise<void> {
    if (history === undefined) throw nothingToLoadFrom(request)
    if (this.#full) throw endless(request)
    try {
      const { stream, model } = request
      this.set(request, await (model === undefined ? history.events(stream, position) : history.aggregate(model, stream, position)))
    } catch (error) {
      if (isTransient(error) || (isCairnError(error) && error.retryable)) throw error
      this.#answers.push({ request, error })
    }
  }

  /**
   * @param value frozen from here on: a reaction that is run again must find it as it was
   * @throws DefinitionError where there is no end of it
   */
  set(request: LoadRequest, value: unknown): void {
    if (this.#full) throw endless(request)
    this.#answers.push({ request, value: deepFreeze(value) })
  }

  get #full(): boolean {
    return this.#answers.length === mostLoads
  }

  #read(request: LoadRequest): unknown {
    const key = streamMapKey(request.stream)
    const answer = this.#answers.find((one) => one.request.model === request.model && streamMapKey(one.request.stream) === key)
    if (answer === undefined) throw new HistoryNeeded(request)
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

function nothingToLoadFrom({ stream }: LoadRequest): DefinitionError {
  const what = describeStream(stream)
  return new DefinitionError(`A reaction loads ${what}, but whoever runs it gave it no log to load from: pass history.`, { stream: what })
}

function endless({ stream }: LoadRequest): DefinitionError {
  const what = describeStream(stream)
  return new DefinitionError(
    `A reaction loads more than ${mostLoads} streams for one event, ${what} at last. It must be pure, and ask for the same each time.`,
    { stream: what },
  )
}
