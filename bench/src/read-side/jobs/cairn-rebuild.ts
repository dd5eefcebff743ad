import { noFaults, Registry, silentLogger } from '@cairn/core'
import { migrate, openPg, PgHints, PgLogReader, PgProjectionStore, PgSubscriptionStore, PooledRowStore } from '@cairn/infra/pg'
import { rebuild, type ProjectionHost } from '@cairn/projections'
import { defineDomain } from '@cairn/cairn'
import { createLogins } from '../../contestants/cairn-logins.ts'
import { Basket } from '../../contestants/cairn-basket.ts'
import { basketTotals } from '../basket-totals.ts'
import type { BuiltRows, Job } from '../job.ts'

/** Cairn's own rebuild, as shipped: as the worker role, into a new generation, counted, and switched. */
export async function cairnRebuild({ url, schema, workers }: Extract<Job, { kind: 'cairn-rebuild' }>): Promise<BuiltRows> {
  const { contextKey } = await migrate({ url, schema })
  const logins = await createLogins(url, schema)
  const db = await openPg({ url: logins.app, workerUrl: logins.worker, schema, contextKey })
  const definition = basketTotals('basket-total')
  const registry = new Registry([defineDomain('bench', { aggregates: [Basket], projections: [definition] })])
  const host: ProjectionHost = {
    projections: registry.projections,
    reader: new PgLogReader(db),
    subscriptions: new PgSubscriptionStore(db),
    store: new PgProjectionStore({ url, schema }),
    rows: new PooledRowStore(db),
    lift: (event) => registry.upcast(event),
    knows: (type) => registry.hasEvent(type),
    hints: new PgHints(db),
    logger: silentLogger,
    faults: noFaults,
    close: () => db.close(),
  }
  try {
    const began = performance.now()
    const { outcomes } = await rebuild(host, { all: true, parallel: workers })
    const seconds = (performance.now() - began) / 1000
    const [outcome] = outcomes
    if (outcome?.status !== 'rebuilt') throw outcome?.error ?? new Error(`The rebuild ended as ${outcome?.status}.`)
    return { events: outcome.events, seconds, table: `${schema}.basket_total` }
  } finally {
    await host.close()
  }
}
