import { createServer, type ServerResponse } from 'node:http'
import type { Health } from '@cairn/cairn'

/**
 * GET answers with the app's health: 200 while it works, 503 when the database does not answer or the app is ending. What is
 * `degraded` works, and a restart would not help it. Returns what ends the listening.
 */
export async function serveHealth(app: { health(): Promise<Health> }, port: number): Promise<() => Promise<void>> {
  const answer = async (response: ServerResponse): Promise<void> => {
    // Never rejects: what is wrong is in the answer.
    const { status, problems } = await app.health()
    response.writeHead(status === 'down' ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ status, problems }))
  }
  const server = createServer((_request, response) => void answer(response))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve))
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
