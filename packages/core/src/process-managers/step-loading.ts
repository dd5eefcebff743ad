import type { RecordedEvent } from '../contracts/event.ts'
import type { ProcessInstance, Step } from './instance.ts'
import type { ProcessManagerDefinition } from './process-manager.ts'
import { step } from './step.ts'
import { HistoryNeeded, StepLoads } from './step-loads.ts'
import type { StepServices } from './step-services.ts'

/**
 * `step`, with whatever the reaction asks for loaded on the way.
 * @param loads filled, so that the step can be made again without waiting
 * @throws what the reaction throws, and what may pass of the loads
 */
export async function stepLoading(
  definition: ProcessManagerDefinition,
  instance: ProcessInstance | undefined,
  event: RecordedEvent,
  services: StepServices = {},
  loads = new StepLoads(),
): Promise<Step | undefined> {
  for (;;) {
    try {
      return step(definition, instance, event, services, loads)
    } catch (error) {
      if (!(error instanceof HistoryNeeded)) throw error
      await loads.fill(error.request, event.position, services.history)
    }
  }
}
