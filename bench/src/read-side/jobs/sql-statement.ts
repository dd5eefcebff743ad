import type { BuiltRows, Job } from '../job.ts'
import { withClient } from '../with-client.ts'

/** The least that PostgreSQL must do by itself: one statement, and no event leaves the server. */
export function sqlStatement({ url, schema }: Extract<Job, { kind: 'sql-statement' }>): Promise<BuiltRows> {
  return withClient(url, async (client) => {
    await client.query('drop table if exists by_statement')
    const began = performance.now()
    await client.query(
      'create table by_statement (tenant_id text, basket_id text, lines int, total int, primary key (tenant_id, basket_id))',
    )
    await client.query(
      `insert into by_statement
       select tenant_id, aggregate_id, count(*), sum((payload->>'quantity')::int * (payload->>'price')::int)
         from ${schema}.events where type = 'basket.lineAdded' group by tenant_id, aggregate_id`,
    )
    const seconds = (performance.now() - began) / 1000
    const { rows } = await client.query<{ n: string }>('select sum(lines) as n from by_statement')
    return { events: Number(rows[0]?.n), seconds, table: 'by_statement' }
  })
}
