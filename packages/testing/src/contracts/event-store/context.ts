import { uuidv7, type EventQueryPort, type EventStorePort } from '@cairn/core'

export type EventStoreUnderTest = EventStorePort & EventQueryPort

/** What a factory hands to the suite. */
export interface EventStoreFixture {
  readonly store: EventStoreUnderTest
  /** A second store over the same data (another process, as far as it can tell), for races. @default `store` */
  readonly rival?: EventStoreUnderTest
  /** The limit that the store was made with. @default 1_048_576 */
  readonly maxPayloadBytes?: number
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets. The tenants are its own, so that one database serves the whole suite. */
export interface EventStoreContext {
  readonly store: EventStoreUnderTest
  readonly rival: EventStoreUnderTest
  readonly tenantId: string
  readonly otherTenantId: string
  readonly maxPayloadBytes: number
}

export function eventStoreContext(fixture: EventStoreFixture): EventStoreContext {
  return {
    store: fixture.store,
    rival: fixture.rival ?? fixture.store,
    tenantId: `tenant-${uuidv7()}`,
    otherTenantId: `other-${uuidv7()}`,
    maxPayloadBytes: fixture.maxPayloadBytes ?? 1_048_576,
  }
}
