import type { AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import { DefinitionError } from '../errors/domain.ts'
import type { ProcessManagerDefinition } from '../process-managers/process-manager.ts'
import type { ProjectionDefinition } from '../read-models/projection-definition.ts'

/** A named part of an app: what belongs together. */
export interface Domain<
  N extends string = string,
  A extends AggregateDefinition = AggregateDefinition,
  P extends ProjectionDefinition = ProjectionDefinition,
> {
  readonly name: N
  readonly aggregates: readonly A[]
  readonly projections: readonly P[]
  readonly processManagers: readonly ProcessManagerDefinition[]
}

/** Puts a domain together. Its aggregates are classes or deciders. */
export function defineDomain<const N extends string, A extends AggregateDefinition, P extends ProjectionDefinition = never>(
  name: N,
  parts: {
    readonly aggregates: readonly A[]
    readonly projections?: readonly P[]
    readonly processManagers?: readonly ProcessManagerDefinition[]
  },
): Domain<N, A, P> {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) {
    throw new DefinitionError(`"${name}" cannot name a domain: use lower-case words joined by hyphens ('order-handling').`, { name })
  }
  return Object.freeze({
    name,
    aggregates: Object.freeze([...parts.aggregates]),
    projections: Object.freeze([...(parts.projections ?? [])]),
    processManagers: Object.freeze([...(parts.processManagers ?? [])]),
  })
}

/** The aggregates of a domain, or of a union of domains. */
export type AggregateOf<D> = D extends Domain<string, infer A> ? A : never
/** Their types, as literals: what `dispatch` checks a command against. */
export type AggregateTypeOf<D> = AggregateOf<D>['events']['$aggregate']
/** The projections of a domain, or of a union of domains. */
export type ProjectionOf<D> = D extends Domain<string, AggregateDefinition, infer P> ? P : never
/** Their names, as literals. */
export type ProjectionNameOf<D> = ProjectionOf<D>['name']
/** The recorded events of the aggregate type `T` in a domain, or in a union of domains. */
export type EventsOfType<D, T> = EventsFor<AggregateOf<D>, T>
type EventsFor<A, T> = A extends { readonly events: { readonly $aggregate: T; readonly $event: infer E } } ? E : never
