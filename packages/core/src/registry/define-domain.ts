import type { AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import { DefinitionError } from '../errors/domain.ts'

/** A named part of an app: what belongs together. */
export interface Domain<N extends string = string, A extends AggregateDefinition = AggregateDefinition> {
  readonly name: N
  readonly aggregates: readonly A[]
}

/** Puts a domain together. Its aggregates are classes or deciders. */
export function defineDomain<const N extends string, A extends AggregateDefinition>(
  name: N,
  parts: { readonly aggregates: readonly A[] },
): Domain<N, A> {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) {
    throw new DefinitionError(`"${name}" cannot name a domain: use lower-case words joined by hyphens ('order-handling').`, { name })
  }
  return Object.freeze({ name, aggregates: Object.freeze([...parts.aggregates]) })
}

/** The aggregates of a domain, or of a union of domains. */
export type AggregateOf<D> = D extends Domain<string, infer A> ? A : never
/** Their types, as literals: what `dispatch` checks a command against. */
export type AggregateTypeOf<D> = AggregateOf<D>['events']['$aggregate']
/** The recorded events of the aggregate type `T` in a domain, or in a union of domains. */
export type EventsOfType<D, T> = EventsFor<AggregateOf<D>, T>
type EventsFor<A, T> = A extends { readonly events: { readonly $aggregate: T; readonly $event: infer E } } ? E : never
