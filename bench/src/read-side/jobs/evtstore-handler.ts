import { Pool } from 'pg'
import postgres from 'postgres'
import { evtstore, pgProvider, postgresJsProvider, type Provider } from '../../contestants/evtstore-module.ts'
import { addLine, emptyBasket } from '../../workload/basket.ts'
import type { BuiltRows, EvtstoreDriver, Job } from '../job.ts'
import { fillEvtstore } from '../made-log.ts'
import { createTotals, upsertTotal } from '../total-sql.ts'
import { withClient } from '../with-client.ts'

const tables = { events: 'events', bookmarks: 'bookmarks', limit: 1_000 }

/** evtstore's handler from the beginning of the log, with the same upsert; it stores its bookmark after each event. */
export async function evtstoreHandler({ url, events, rows, driver }: Extract<Job, { kind: 'evtstore-handler' }>): Promise<BuiltRows> {
  const pool = new Pool({ connectionString: url })
  await pgProvider.migrate({ client: pool, events: 'events', bookmarks: 'bookmarks' })
  await withClient(url, async (client) => {
    await client.query(createTotals('by_evtstore'))
    await fillEvtstore(client, rows, events)
    await client.query('analyze')
    await client.query('checkpoint')
  })
  const handler = handlerOf(providerOf(driver, url, pool))
  let handled = 0
  handler.handle('basket', 'LineAdded', async (id, line) => {
    await pool.query({ name: 'upsert', text: upsertTotal('by_evtstore'), values: [id, line.quantity * line.price] })
    handled++
  })
  const began = performance.now()
  await handler.runOnce()
  const seconds = (performance.now() - began) / 1000
  await pool.end()
  return { events: handled, seconds, table: 'by_evtstore' }
}

function providerOf(driver: EvtstoreDriver, url: string, pool: Pool): Provider {
  return driver === 'pg'
    ? pgProvider.createProvider({ ...tables, client: pool })
    : postgresJsProvider.createProvider({ ...tables, sql: postgres(url, { max: 5, onnotice() {} }) })
}

function handlerOf(provider: Provider) {
  const basket = evtstore.createAggregate({ stream: 'basket', create: emptyBasket, fold: (line, state) => addLine(state, line) })
  return evtstore.createDomain({ provider, useCache: false }, { basket }).createHandler('basket-total', ['basket'])
}
