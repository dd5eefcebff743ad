import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { assertTenantId, silentLogger, StoppedError, type EventPublisherPort, type LoggerPort, type RecordedEvent } from '@cairn/core'
import { WebSocketServer } from 'ws'
import { cloudEventOf } from './cloud-event.ts'
import { RealtimeConnection, typesMatcher } from './realtime-connection.ts'
import { atLeastOne, type RealtimeClient, type RealtimePublisherOptions } from './realtime-options.ts'

const goingAway = 1001
/** How long clients have to say goodbye, milliseconds. */
const goodbyeMs = 1_000

/**
 * Hands events to the WebSocket clients of this process: to each those of its tenant, once, in the order in which they are published.
 * Published from `app.follow` that is the order of the log, and committed events alone; every process with clients follows for itself:
 *
 * ```ts
 * const realtime = new RealtimePublisher({ server, authenticate })
 * await app.follow({}, (events) => realtime.publish(events))
 * ```
 *
 * A client gets what is published while it is connected, as CloudEvents 1.0 in JSON, one message each. One that reads too slowly is
 * cut off, and holds nobody up; what it missed it reads from read models when it comes again.
 */
export class RealtimePublisher implements EventPublisherPort, AsyncDisposable {
  readonly #server: Server
  readonly #path: string
  readonly #authenticate: RealtimePublisherOptions['authenticate']
  readonly #maxBufferedBytes: number
  readonly #logger: LoggerPort
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024 })
  readonly #byTenant = new Map<string, Set<RealtimeConnection>>()
  readonly #pings: NodeJS.Timeout
  #stopped: Promise<void> | undefined

  /** @throws InvalidInputError naming the option */
  constructor({
    server,
    path = '/events',
    authenticate,
    maxBufferedBytes = 1_048_576,
    heartbeatMs = 30_000,
    logger,
  }: RealtimePublisherOptions) {
    this.#server = server
    this.#path = path
    this.#authenticate = authenticate
    this.#maxBufferedBytes = atLeastOne('maxBufferedBytes', maxBufferedBytes)
    this.#logger = (logger ?? silentLogger).child({ component: 'realtime' })
    this.#pings = setInterval(() => this.#ping(), atLeastOne('heartbeatMs', heartbeatMs))
    this.#pings.unref()
    server.on('upgrade', this.#onUpgrade)
  }

  /** How many clients are connected here. */
  get clients(): number {
    return this.#connections().length
  }

  /** Hands each event to the clients of its tenant; waits for none of them. @throws StoppedError */
  publish(events: readonly RecordedEvent[]): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(new StoppedError('The realtime publisher'))
    for (const event of events) this.#publish(event)
    return Promise.resolve()
  }

  /** Says goodbye to the clients, and takes no new ones. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #publish(event: RecordedEvent): void {
    const connections = this.#byTenant.get(event.tenantId)
    if (connections === undefined) return
    let made: string | undefined
    const text = (): string => (made ??= cloudEventOf(event))
    for (const connection of connections) {
      if (connection.send(event, text, this.#maxBufferedBytes)) continue
      this.#logger.warn('A client that reads too slowly was cut off.', { tenantId: event.tenantId })
    }
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const ours = pathOf(request) === this.#path
    // Nobody else would answer.
    if (!ours && this.#server.listenerCount('upgrade') > 1) return
    // It may break at any time, and node no longer listens.
    socket.on('error', () => socket.destroy())
    if (!ours) return refuse(socket, 404)
    this.#admit(request, socket, head).catch((error: unknown) => {
      socket.destroy()
      this.#logger.error('A client could not be connected.', { error })
    })
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    let client: RealtimeClient | undefined
    try {
      client = await this.#authenticate(request)
      if (client !== undefined) assertTenantId(client.tenantId)
    } catch (error) {
      this.#logger.warn('A client could not be told who it is.', { error })
      return refuse(socket, 500)
    }
    if (this.#stopped !== undefined) return refuse(socket, 503)
    if (client === undefined) return refuse(socket, 401)
    const { tenantId } = client
    let wants: (type: string) => boolean
    try {
      wants = typesMatcher(client.types)
    } catch (error) {
      this.#logger.warn('A client asked for types by what is no pattern.', { tenantId, error })
      return refuse(socket, 400)
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new RealtimeConnection(webSocket, tenantId, wants)
      const ofTenant = this.#byTenant.get(tenantId) ?? new Set()
      this.#byTenant.set(tenantId, ofTenant.add(connection))
      webSocket.on('error', (error) => this.#logger.debug('A client’s connection broke.', { tenantId, error }))
      webSocket.on('close', () => {
        ofTenant.delete(connection)
        if (ofTenant.size === 0 && this.#byTenant.get(tenantId) === ofTenant) this.#byTenant.delete(tenantId)
      })
    })
  }

  #ping(): void {
    for (const connection of this.#connections()) {
      if (!connection.ping()) this.#logger.info('A client that did not answer was cut off.', { tenantId: connection.tenantId })
    }
  }

  #connections(): readonly RealtimeConnection[] {
    return [...this.#byTenant.values()].flatMap((ofTenant) => [...ofTenant])
  }

  async #stop(): Promise<void> {
    clearInterval(this.#pings)
    this.#server.off('upgrade', this.#onUpgrade)
    const closing = this.#connections()
    for (const connection of closing) connection.close(goingAway, 'the server stops')
    for (let left = goodbyeMs; left > 0 && this.clients > 0; left -= 10) await new Promise((resolve) => setTimeout(resolve, 10))
    for (const connection of closing) connection.terminate()
    this.#sockets.close()
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? url
}

function refuse(socket: Duplex, status: number): void {
  // Whoever does not close its side would keep it.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
