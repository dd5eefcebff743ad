import { Client } from 'pg'

/** Where PostgreSQL spent its time, statements inside of functions included. */
export interface ServerStatement {
  readonly calls: number
  readonly meanMicroseconds: number
  readonly totalMs: number
  readonly text: string
}

/** What a server of our own is started with for a profile. */
export const statementSettings: Readonly<Record<string, string>> = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
}

/** Counts from now on; false where the server does not offer it. */
export async function startCounting(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    try {
      await client.query('create extension if not exists pg_stat_statements')
      await client.query('select pg_stat_statements_reset()')
      return true
    } catch {
      return false
    }
  })
}

export function countedStatements(url: string): Promise<readonly ServerStatement[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ calls: string; mean: number; total: number; query: string }>(
      `select calls, mean_exec_time * 1000 as mean, total_exec_time as total, query from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database()) and query not like '%pg_stat_statements%'
        order by total_exec_time desc limit 25`,
    )
    return rows.map((row) => ({
      calls: Number(row.calls),
      meanMicroseconds: row.mean,
      totalMs: row.total,
      text: row.query.replaceAll(/\s+/g, ' ').trim(),
    }))
  })
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
