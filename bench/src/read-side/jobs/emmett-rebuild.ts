import type { Event } from '@event-driven-io/emmett'
import { getPostgreSQLEventStore, postgreSQLProjection, rebuildPostgreSQLProjections } from '@event-driven-io/emmett-postgresql'
import type { LineAdded } from '../../workload/payload.ts'
import type { BuiltRows, Job } from '../job.ts'
import { fillEmmett } from '../made-log.ts'
import { createTotals, upsertTotal } from '../total-sql.ts'
import { withClient } from '../with-client.ts'

type BasketEvent = Event<'LineAdded', { readonly [K in keyof LineAdded]: LineAdded[K] }>

/** Emmett's rebuild of a projection that upserts by prepared statements of pg: the fastest form that it takes event by event. */
export async function emmettRebuild({ url, events, rows, batchSize }: Extract<Job, { kind: 'emmett-rebuild' }>): Promise<BuiltRows> {
  const store = getPostgreSQLEventStore(url)
  await store.schema.migrate()
  await store.close()
  await withClient(url, async (client) => {
    await client.query(createTotals('by_emmett'))
    await fillEmmett(client, rows, events)
    await client.query('analyze')
    await client.query('checkpoint')
  })
  let handled = 0
  const projection = postgreSQLProjection<BasketEvent>({
    name: 'basket-total',
    canHandle: ['LineAdded'],
    handle: async (batch, { connection: { client } }) => {
      for (const { data, metadata } of batch) {
        await client.query({ name: 'upsert', text: upsertTotal('by_emmett'), values: [metadata.streamName, data.quantity * data.price] })
      }
      handled += batch.length
    },
    truncate: async ({ connection: { client } }) => {
      await client.query('truncate by_emmett')
    },
  })
  const began = performance.now()
  const consumer = rebuildPostgreSQLProjections({ connectionString: url, projections: [projection], pulling: { batchSize } })
  await consumer.start()
  const seconds = (performance.now() - began) / 1000
  await consumer.close()
  return { events: handled, seconds, table: 'by_emmett' }
}
