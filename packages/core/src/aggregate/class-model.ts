import type { AggregateClass } from './aggregate-class.ts'
import type { AggregateContext } from './aggregate-context.ts'
import type { AggregateModel } from './aggregate-model.ts'
import { assembleModel } from './assemble-model.ts'
import { classRuntime } from './class-runtime.ts'

/** @throws DefinitionError when the class has no handlers or folds, those of another class, or an unsound snapshot schema */
export function classModel(aggregate: AggregateClass): AggregateModel {
  const { folder, commands, behaviour, run } = classRuntime(aggregate)
  return assembleModel({
    aggregateType: aggregate.events.$aggregate,
    folder,
    commands,
    initial: aggregate.initial,
    snapshots: aggregate.snapshots,
    decide({ aggregateId, tenantId, version, state }, name, payload) {
      const context: AggregateContext<unknown> = { id: aggregateId, tenantId, version, state, behaviour }
      const instance = new aggregate(context as AggregateContext<never>)
      run(instance, name, payload)
      return { events: [...instance.raised], state: instance.state }
    },
  })
}
