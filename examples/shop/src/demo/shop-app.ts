import { createHash } from 'node:crypto'
import { createCairn, defineDomain, silentLogger, type Cairn, type LoggerPort, type SchedulerOption } from '@cairn/cairn'
import { billing } from '../billing/index.ts'
import { orderFulfilmentWithin } from '../fulfilment/index.ts'
import { shop } from '../ordering/index.ts'

/** The one that the demo's orders belong to. */
export const tenantId = 'acme'

export type ShopApp = Cairn<typeof shop | typeof billing>

export interface ShopAppOptions {
  readonly data: string
  readonly readyWithin: number
  /** Where a Temporal server is; without one, PostgreSQL alone does the work. */
  readonly temporalAddress: string | undefined
  readonly log: (line: string) => void
}

/** The whole difference between the two schedulers is the option of this name. */
export async function startShop({ data, readyWithin, temporalAddress, log }: ShopAppOptions): Promise<ShopApp> {
  const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ seconds: readyWithin })] })
  return createCairn({
    domains: [shop, billing, fulfilment],
    database: 'embedded',
    dataDir: data,
    defaultTenantId: tenantId,
    scheduler: temporalAddress === undefined ? 'postgres' : await onTemporal(temporalAddress, data),
    logger: errorsTo(log),
  })
}

/** Loaded here: without it nobody needs Temporal's packages. */
async function onTemporal(address: string, data: string): Promise<SchedulerOption> {
  const { temporal } = await import('@cairn/infra/temporal')
  // Other demos on the same server have other databases, and workers of their own.
  const name = `cairn-shop-${createHash('sha256').update(data).digest('hex').slice(0, 12)}`
  return temporal({ address, taskQueues: { kind: 'shared', name }, idleMs: 10_000, worker: { requireUtc: false, shutdownGraceMs: 2_000 } })
}

function errorsTo(log: (line: string) => void): LoggerPort {
  const logger: LoggerPort = { ...silentLogger, error: (message) => log(`! ${message}`), child: () => logger }
  return logger
}
