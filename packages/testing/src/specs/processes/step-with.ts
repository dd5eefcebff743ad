import {
  HistoryNeeded,
  step,
  StepLoads,
  streamMapKey,
  type LoadRequest,
  type ProcessInstance,
  type ProcessManagerDefinition,
  type RecordedEvent,
  type Step,
} from '@cairn/core'

/** A step, with what it loads taken from these events. */
export function stepWith(
  definition: ProcessManagerDefinition,
  instance: ProcessInstance | undefined,
  event: RecordedEvent,
  log: readonly RecordedEvent[],
): Step | undefined {
  const loads = new StepLoads()
  for (;;) {
    try {
      return step(definition, instance, event, {}, loads)
    } catch (error) {
      if (!(error instanceof HistoryNeeded)) throw error
      loads.set(error.request, valueOf(error.request, event.position, log))
    }
  }
}

function valueOf({ stream, model }: LoadRequest, position: number, log: readonly RecordedEvent[]): unknown {
  const ofStream = log.filter((event) => event.position <= position && streamMapKey(event) === streamMapKey(stream))
  // An event that is given twice, delivered again, stands in the log once.
  const events = ofStream.filter(({ id }, index) => ofStream.findIndex((other) => other.id === id) === index)
  if (model === undefined) return events
  return { state: events.reduce((state, event) => model.evolve(state, event), model.initial()), version: events.length }
}
