import { Client, type QueryResultRow } from 'pg'

/** A superuser's connection. */
export async function openAdmin(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'cairn stress admin' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

export async function only<Row extends QueryResultRow>(client: Client, text: string, values: readonly unknown[] = []): Promise<Row> {
  const { rows } = await client.query<Row>(text, [...values])
  const row = rows[0]
  if (row === undefined || rows.length !== 1) throw new Error(`One row was expected, not ${rows.length}: ${text}`)
  return row
}
