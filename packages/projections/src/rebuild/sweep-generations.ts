import type { Generation } from '@cairn/core'
import type { ProjectionHost } from './host.ts'

/**
 * Drops what a switch left over: generations that are no longer fed, and builds of this version or an older one that nobody
 * works on. The one that was live before stays for a rollback. A failure here is a warning: the switch is done.
 */
export async function sweepGenerations({ store, subscriptions, logger }: ProjectionHost, live: Generation): Promise<void> {
  try {
    for (const generation of await store.generations(live.projection)) {
      const isLeft = generation.state === 'building' && generation.version <= live.version
      if (generation.state !== 'retired' && !isLeft) continue
      const status = await subscriptions.get({ name: generation.projection, generation: generation.generation })
      if (status?.partitions.some(({ owner }) => owner !== undefined) === true) continue
      await store.drop(generation)
    }
  } catch (error) {
    logger.warn(`Old tables of ${live.projection} could not be dropped; the next rebuild tries again.`, { component: 'rebuild', error })
  }
}
