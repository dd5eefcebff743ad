import type { NewEvent } from '../contracts/event.ts'
import { DefinitionError } from '../errors/domain.ts'
import type { AggregateClass } from './aggregate-class.ts'
import type { AggregateContext } from './aggregate-context.ts'
import { classRuntime } from './class-runtime.ts'
import { deepFreeze } from './deep-freeze.ts'

/** The context of an instance that is folded from its history: what the static `rehydrate` of aggregate classes is made of. */
export function contextFrom(
  target: object,
  id: string,
  history: readonly NewEvent[] = [],
  tenantId = 'default',
): AggregateContext<unknown> {
  if (!isAggregateClass(target)) throw new DefinitionError('rehydrate was called on something that is not an aggregate class.')
  const { behaviour } = classRuntime(target)
  const state = deepFreeze(history.reduce((s, event) => behaviour.fold(s, event), target.initial()))
  return { id, tenantId, version: history.length, state, behaviour }
}

function isAggregateClass(target: object): target is AggregateClass {
  return typeof target === 'function' && 'events' in target && 'initial' in target
}
