import type { Metadata } from './metadata.ts'

declare const commandBrand: unique symbol

/**
 * A command as a factory of `defineCommands` makes it: validated, with an id and a target, not yet tied to a tenant.
 * The brand is a type-level mark: an object put together by hand does not compile where a command is asked for.
 */
export interface NewCommand<T extends string = string, P = unknown, A extends string = string> {
  readonly [commandBrand]: true
  /** Any UUID. The same id with the same content takes effect once per tenant. */
  readonly id: string
  readonly type: T
  readonly aggregateType: A
  readonly aggregateId: string
  readonly payload: P
}

/** A command in the hands of the bus: the tenant and the metadata are settled. */
export interface Command<T extends string = string, P = unknown, A extends string = string> {
  readonly id: string
  readonly tenantId: string
  readonly type: T
  readonly aggregateType: A
  readonly aggregateId: string
  readonly payload: P
  readonly metadata: Metadata
}
