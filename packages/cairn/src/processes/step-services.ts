import { StoredHistory, type EventStorePort, type Registry, type StepServices } from '@cairn/core'
import type { ResolvedCairnOptions } from '../cairn-options.ts'

/**
 * What the steps of an app's process managers stand on.
 * @param horizon where they may be given events that are newer than that
 */
export function stepServices(
  { logger, background }: Pick<ResolvedCairnOptions, 'logger' | 'background'>,
  registry: Registry,
  store: EventStorePort,
  horizon?: () => Promise<number>,
): StepServices {
  return {
    schemaVersionOf: (type) => registry.command(type).schemaVersion,
    history: new StoredHistory({ store, lift: (event) => registry.upcast(event), horizon }),
    logger,
    observer: background?.observer,
  }
}
