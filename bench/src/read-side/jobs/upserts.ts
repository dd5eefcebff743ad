import type { BuiltRows, Job } from '../job.ts'
import { createTotals, upsertTotal } from '../total-sql.ts'
import { withClient } from '../with-client.ts'

const page = 1_000

/** An upsert for each event over raw pg, prepared, a thousand to a transaction: what one writes by hand. */
export function upserts({ url, schema, events }: Extract<Job, { kind: 'upserts' }>): Promise<BuiltRows> {
  return withClient(url, async (client) => {
    await client.query('drop table if exists by_upsert')
    await client.query(createTotals('by_upsert'))
    const began = performance.now()
    let done = 0
    for (let after = 0; done < events;) {
      const { rows } = await client.query<{ position: string; aggregate_id: string; payload: { quantity: number; price: number } }>({
        name: 'page',
        text: `select position, aggregate_id, payload from ${schema}.events where position > $1 order by position limit $2`,
        values: [after, Math.min(page, events - done)],
      })
      if (rows.length === 0) break
      await client.query('begin')
      for (const { aggregate_id, payload } of rows) {
        await client.query({ name: 'upsert', text: upsertTotal('by_upsert'), values: [aggregate_id, payload.quantity * payload.price] })
      }
      await client.query('commit')
      done += rows.length
      after = Number(rows.at(-1)?.position)
    }
    return { events: done, seconds: (performance.now() - began) / 1000, table: 'by_upsert' }
  })
}
