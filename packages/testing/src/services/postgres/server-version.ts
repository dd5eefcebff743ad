import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'

/** Asks a server for its version, again and again until it answers or the time is over. */
export async function serverVersion(url: string, waitMs = 0): Promise<string> {
  const until = Date.now() + waitMs
  for (;;) {
    try {
      return await askVersion(url)
    } catch (error) {
      if (Date.now() >= until) throw error
      await delay(50)
    }
  }
}

async function askVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  // A connection that breaks rejects the query; as an unheard event it would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0]?.server_version.split(' ')[0] ?? 'unknown'
  } finally {
    await client.end()
  }
}
