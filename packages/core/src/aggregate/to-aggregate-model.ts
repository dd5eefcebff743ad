import type { AggregateClass } from './aggregate-class.ts'
import type { AggregateModel } from './aggregate-model.ts'
import { classModel } from './class-model.ts'
import type { DeciderLike } from './decider.ts'

/** An aggregate, whichever way it was written. */
export type AggregateDefinition = AggregateClass | DeciderLike

/**
 * The aggregate as the runtime sees it.
 * @throws DefinitionError when its parts are missing or do not fit together
 */
export function toAggregateModel(definition: AggregateDefinition): AggregateModel {
  return 'model' in definition ? definition.model : classModel(definition)
}
