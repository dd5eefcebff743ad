import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { z } from 'zod'

const Message = z.tuple([z.string().nullable(), z.string().nullable(), z.string(), z.string(), z.record(z.string(), z.unknown())])
const Binding = z.object({ event: z.string(), schema: z.string(), table: z.string(), filter: z.string().optional() })
const Join = z.object({
  access_token: z.string().optional(),
  config: z.object({ postgres_changes: z.array(Binding), postgres_changes_options: z.object({ wait: z.boolean() }).optional() }),
})

interface Joined {
  readonly socket: WebSocket
  readonly joinRef: string | null
  readonly topic: string
  readonly bindings: readonly z.infer<typeof Binding>[]
}

export interface RealtimeServer {
  readonly url: string
  /** What clients showed at the door, and in their joins. */
  readonly keys: readonly string[]
  readonly heartbeats: number
  readonly joins: number
  readonly leaves: number
  /** Topics that are joined now. */
  readonly topics: readonly string[]
  insert(table: string, row: Readonly<Record<string, unknown>>): void
  change(
    type: 'INSERT' | 'UPDATE' | 'DELETE',
    table: string,
    row: Readonly<Record<string, unknown>>,
    old: Readonly<Record<string, unknown>>,
  ): void
  /** Breaks every connection. */
  cut(): void
  /** Answers the next joins with an error. */
  refuseJoins: boolean
  stop(): Promise<void>
}

/**
 * Speaks what Supabase's realtime service speaks, as far as changes of tables go: a WebSocket with Phoenix messages
 * [join_ref, ref, topic, event, payload], version 2.0.0.
 */
export async function startRealtimeServer(): Promise<RealtimeServer> {
  const http = createServer((_, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server: http, path: '/realtime/v1/websocket' })
  const joined = new Set<Joined>()
  const keys: string[] = []
  const counts = { heartbeats: 0, joins: 0, leaves: 0 }
  let clock = Date.parse('2026-01-01T00:00:00Z')
  const control = { refuseJoins: false }

  sockets.on('connection', (socket, request) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    keys.push(searchParams.get('apikey') ?? '')
    const send = (...message: readonly unknown[]): void => socket.send(JSON.stringify(message))
    socket.on('close', () => {
      for (const one of joined) if (one.socket === socket) joined.delete(one)
    })
    socket.on('message', (data: Buffer) => {
      const [joinRef, ref, topic, event, payload] = Message.parse(JSON.parse(data.toString('utf8')))
      const reply = (status: 'ok' | 'error', response: unknown): void => send(joinRef, ref, topic, 'phx_reply', { status, response })
      if (event === 'heartbeat') {
        counts.heartbeats++
        reply('ok', {})
      } else if (event === 'phx_join') {
        counts.joins++
        if (control.refuseJoins) return reply('error', { reason: 'not now' })
        const { access_token: token, config } = Join.parse(payload)
        if (token !== undefined) keys.push(token)
        const bindings = config.postgres_changes
        joined.add({ socket, joinRef, topic, bindings })
        reply('ok', { postgres_changes: bindings.map((binding, i) => ({ id: i + 1, ...binding })) })
        const message = { status: 'ok', extension: 'postgres_changes', message: 'Subscribed to PostgreSQL', channel: topic }
        send(joinRef, null, topic, 'system', message)
      } else if (event === 'phx_leave') {
        counts.leaves++
        for (const one of joined) if (one.socket === socket && one.topic === topic) joined.delete(one)
        reply('ok', {})
        send(joinRef, null, topic, 'phx_close', {})
      }
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo

  const change: RealtimeServer['change'] = (type, table, row, old) => {
    clock += 1
    const data = {
      type,
      schema: 'public',
      table,
      commit_timestamp: new Date(clock).toISOString(),
      // The client casts by these; text stays as it is.
      columns: Object.keys({ ...row, ...old }).map((name) => ({
        name,
        type: typeof (row[name] ?? old[name]) === 'number' ? 'int4' : 'text',
      })),
      record: row,
      old_record: old,
      errors: null,
    }
    for (const { socket, joinRef, topic, bindings } of joined) {
      const ids = bindings.flatMap(({ event, table: wanted }, i) => (wanted === table && (event === '*' || event === type) ? [i + 1] : []))
      if (ids.length > 0) socket.send(JSON.stringify([joinRef, null, topic, 'postgres_changes', { ids, data }]))
    }
  }
  return {
    url: `http://127.0.0.1:${port}`,
    keys,
    get heartbeats() {
      return counts.heartbeats
    },
    get joins() {
      return counts.joins
    },
    get leaves() {
      return counts.leaves
    },
    get topics() {
      return [...joined].map(({ topic }) => topic)
    },
    get refuseJoins() {
      return control.refuseJoins
    },
    set refuseJoins(value) {
      control.refuseJoins = value
    },
    insert: (table, row) => change('INSERT', table, row, {}),
    change,
    cut() {
      for (const socket of sockets.clients) socket.terminate()
    },
    async stop() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
}
