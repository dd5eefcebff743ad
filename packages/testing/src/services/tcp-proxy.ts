import { createServer, connect, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** The same address, through this proxy. */
  through(url: string): string
  /** Breaks all connections that are open now. New ones are let through. */
  cutNow(): void
  /**
   * Swallows everything that arrives from now on, in both directions and on new connections too, and closes nothing: a
   * network that lost its route, a server that is stopped. What was swallowed is never delivered.
   */
  freeze(): void
  /** On the connections that are open now, swallows what the server answers from now on: what clients send still takes effect. */
  swallowAnswers(): void
  /** Lets bytes through again on connections opened from now on; those that lost some are broken. */
  thaw(): void
  /**
   * Breaks the next connection whose client sends bytes that match: the bytes reach the server, the server acts on
   * them and answers, and the answer is dropped together with the connection. To the client it looks as if the
   * network broke between its COMMIT and the answer. Resolves when it has happened; one connection each time it is asked.
   */
  cutBeforeAnswer(matches: (bytes: Buffer) => boolean): Promise<void>
  readonly counters: TcpProxyCounters
  /** Breaks all connections and stops listening. May be called again. */
  stop(): Promise<void>
}

export interface TcpProxyCounters {
  connections: number
  cuts: number
  bytesToServer: number
  bytesToClient: number
}

interface Trap {
  readonly matches: (bytes: Buffer) => boolean
  readonly sprung: () => void
}

/** A proxy in front of a TCP server of this machine that can break connections at a chosen moment. */
export async function startTcpProxy(targetPort: number, targetHost = '127.0.0.1'): Promise<TcpProxy> {
  const counters: TcpProxyCounters = { connections: 0, cuts: 0, bytesToServer: 0, bytesToClient: 0 }
  const open = new Set<() => void>()
  const traps: Trap[] = []
  let frozen = false
  const muted = new WeakSet<() => void>()

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    counters.connections += 1
    const upstream = connect({ port: targetPort, host: targetHost, noDelay: true, allowHalfOpen: true })
    let trap: Trap | undefined
    const close = (): void => {
      open.delete(close)
      client.destroy()
      upstream.destroy()
    }
    open.add(close)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      // An orderly end is passed on after what was sent before it; a broken connection breaks the other half too.
      socket.on('end', () => other.end())
      socket.on('error', close)
      socket.on('close', (broken) => (broken ? close() : open.delete(close)))
    }
    client.on('data', (bytes: Buffer) => {
      if (frozen) return
      counters.bytesToServer += bytes.length
      const sprung = traps.findIndex(({ matches }) => matches(bytes))
      if (sprung !== -1) [trap] = traps.splice(sprung, 1)
      forward(client, upstream, bytes)
    })
    upstream.on('data', (bytes: Buffer) => {
      if (frozen || muted.has(close)) return
      if (trap === undefined) {
        counters.bytesToClient += bytes.length
        forward(upstream, client, bytes)
        return
      }
      counters.cuts += 1
      close()
      trap.sprung()
      trap = undefined
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  const cutNow = (): void => {
    counters.cuts += open.size
    for (const close of open) close()
  }
  let stopped: Promise<void> | undefined
  return {
    port,
    counters,
    cutNow,
    freeze: () => void (frozen = true),
    swallowAnswers() {
      for (const close of open) muted.add(close)
    },
    thaw() {
      frozen = false
      cutNow()
    },
    through(url) {
      const proxied = new URL(url)
      proxied.hostname = '127.0.0.1'
      proxied.port = String(port)
      return proxied.href
    },
    cutBeforeAnswer: (matches) => new Promise((resolve) => traps.push({ matches, sprung: resolve })),
    stop: () =>
      (stopped ??= new Promise((resolve) => {
        server.close(() => resolve())
        for (const close of open) close()
      })),
  }
}

/** With backpressure, so that a slow reader slows the writer and not our memory. */
function forward(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.write(bytes)) return
  from.pause()
  to.once('drain', () => from.resume())
}
