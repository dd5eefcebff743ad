import { uuidv7, type CommandStorePort } from '@cairn/core'

/** What a factory hands to the suite. */
export interface CommandStoreFixture {
  readonly store: CommandStorePort
  /** A second store over the same data (another process, as far as it can tell), for races. @default `store` */
  readonly rival?: CommandStorePort
  /** The limit that the store was made with. @default 1_048_576 */
  readonly maxPayloadBytes?: number
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets. The tenants are its own, so that one database serves the whole suite. */
export interface CommandStoreContext {
  readonly store: CommandStorePort
  readonly rival: CommandStorePort
  readonly tenantId: string
  readonly otherTenantId: string
  readonly maxPayloadBytes: number
}

export function commandStoreContext(fixture: CommandStoreFixture): CommandStoreContext {
  return {
    store: fixture.store,
    rival: fixture.rival ?? fixture.store,
    tenantId: `tenant-${uuidv7()}`,
    otherTenantId: `other-${uuidv7()}`,
    maxPayloadBytes: fixture.maxPayloadBytes ?? 1_048_576,
  }
}
