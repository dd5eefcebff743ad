import { createCairn, defineDomain, type BackgroundOptions, type Cairn, type SchedulerOption } from '@cairn/cairn'
import { billing, orderFulfilmentWithin, shop } from '@cairn/example-shop'
import { logger } from '../projections/fault-plan.ts'
import { onDatabase } from '../projections/shop-place.ts'
import type { OrdersChildSettings } from './child-settings.ts'

export type OrdersShop = Cairn<typeof shop | typeof billing>

/** Short, so that what a killed process held is soon taken up again. */
const background: BackgroundOptions = { leaseMs: 2_000, pollMs: 100 }

export async function startShop(settings: OrdersChildSettings): Promise<OrdersShop> {
  const { database, role, label, tenantId, readyWithinMs } = settings
  const fulfilment = defineDomain('fulfilment', {
    aggregates: [],
    processManagers: [orderFulfilmentWithin({ milliseconds: readyWithinMs })],
  })
  const work = settings.scheduler === 'temporal' && role === 'worker' ? { ...background, commands: false } : background
  return createCairn({
    domains: [shop, billing, fulfilment],
    ...onDatabase(database),
    defaultTenantId: tenantId,
    migrate: false,
    scheduler: await schedulerOf(settings),
    background: role === 'sender' ? false : { ...work, label },
    logger,
  })
}

async function schedulerOf({ scheduler, role, temporalAddress, database }: OrdersChildSettings): Promise<SchedulerOption> {
  if (scheduler === 'postgres') return 'postgres'
  if (scheduler === 'pg-boss') return (await import('@cairn/infra/jobs')).pgBoss()
  const { temporal } = await import('@cairn/infra/temporal')
  return temporal({
    address: temporalAddress,
    // A database's own: other runs on the server have other workers.
    taskQueues: { kind: 'shared', name: database.name },
    idleMs: 5_000,
    // A development server on a file does some dozens of updates a second: with hundreds in flight each would outlast its deadline.
    maxInFlight: 24,
    worker: role === 'worker' ? { requireUtc: false, shutdownGraceMs: 2_000 } : false,
  })
}
