import type { BackgroundOptions, CairnOptions } from '@cairn/cairn'
import { billing, shop } from '@cairn/example-shop'
import type { ChildSettings } from './child-settings.ts'
import type { CheckDatabase } from '../support/check-database.ts'

export const shopDomains = [shop, billing]
export const projections = [...shop.projections, ...billing.projections]

/** The options of an app on a check's database, with the logins of production and one that may make tables. */
export function onDatabase({ url, appUrl, workerUrl, schema, contextKey }: CheckDatabase) {
  return { database: appUrl, workerUrl, ownerUrl: url, schema, contextKey, defaultTenantId: 'acme' } satisfies Partial<CairnOptions>
}

export function stepsOf({ steps, leaseMs }: Pick<ChildSettings, 'steps' | 'leaseMs'>): BackgroundOptions {
  if (steps === 'large') return { leaseMs }
  return {
    leaseMs,
    pollMs: 50,
    pageSize: 40,
    catchUpPageSize: 40,
    batchSize: 15,
    lazyCheckpointMs: 50,
    commit: { events: 30, rows: 1_000, ms: 50 },
  }
}
