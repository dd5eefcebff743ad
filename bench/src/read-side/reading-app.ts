import { createCairn, defineDomain } from '@cairn/cairn'
import { migrate } from '@cairn/infra/pg'
import type { ProjectionDefinition } from '@cairn/core'
import { Basket, basketCommands } from '../contestants/cairn-basket.ts'
import { createLogins } from '../contestants/cairn-logins.ts'
import { lineAdded } from '../workload/payload.ts'
import { tenant } from './made-log.ts'

/** An app as shipped that writes and projects in one process. */
export async function openReadingApp(url: string, schema: string, projections: readonly ProjectionDefinition[]) {
  const { contextKey } = await migrate({ url, schema })
  const logins = await createLogins(url, schema)
  const app = await createCairn({
    domains: [defineDomain('bench', { aggregates: [Basket], projections })],
    database: logins.app,
    workerUrl: logins.worker,
    ownerUrl: url,
    schema,
    contextKey,
  })
  return {
    /** A new basket with one line; its position. */
    append: async (basketId: string, n: number): Promise<number> => {
      const { position } = await app.dispatch(basketCommands.start({ basketId, lines: [lineAdded(n)] }), { tenantId: tenant })
      return position
    },
    caughtUp: (position: number): Promise<void> => app.waitFor(position),
    stop: (): Promise<void> => app.stop(),
  }
}
