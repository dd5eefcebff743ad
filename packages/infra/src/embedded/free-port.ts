import { createServer } from 'node:net'
import { PostgresStartError } from './errors.ts'

/** A port of 127.0.0.1 that nobody listens on; `wanted` when that one is free, else one that the system picks. */
export async function freePort(wanted?: number): Promise<number> {
  const found = wanted === undefined ? undefined : await tryPort(wanted)
  const port = found ?? (await tryPort(0))
  if (port === undefined) throw new PostgresStartError('The system has no free port on 127.0.0.1. End programs that hold many connections.')
  return port
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}
