import { connect } from 'node:net'
import { Client } from 'pg'

/** How long the server may take to answer a question of its own: to connect, and to `select 1`. */
const probeMs = 5_000

/** Whether the server answers anybody, on a connection of its own. */
export async function serverAnswers(url: string): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    application_name: 'cairn probe',
    connectionTimeoutMillis: probeMs,
    query_timeout: probeMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    void client.end()
  }
}

/**
 * Asks the server to stop what a session is doing, on a connection of its own as the protocol wants it, because a server does
 * not notice that a waiting session's client has gone: abandoned waits for one lock would fill all its connections. Where it
 * does not arrive, nothing is worse than before.
 */
export function requestCancel(client: Client): void {
  const processId: unknown = Reflect.get(client, 'processID')
  const secret: unknown = Reflect.get(client, 'secretKey')
  if (typeof processId !== 'number' || typeof secret !== 'number') return
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(80_877_102, 4)
  request.writeInt32BE(processId, 8)
  request.writeInt32BE(secret, 12)
  const { host, port } = client
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.setTimeout(probeMs, () => socket.destroy())
  socket.on('error', () => undefined)
  socket.end(request)
  socket.resume()
}
