import { setTimeout as sleep } from 'node:timers/promises'
import type { HintsPort } from '@cairn/core'
import { Client } from 'pg'
import { hintChannel } from '../append/hint-sender.ts'
import { listenLocally } from '../append/local-hints.ts'
import type { PgDatabase } from '../connection/pg-database.ts'

const connectTimeoutMs = 5_000
/** How often a connection on which nothing arrives is asked whether it is still there. */
const probeIntervalMs = 20_000
const probeTimeoutMs = 5_000
const goodbyeMs = 1_000
const firstDelayMs = 100
const longestDelayMs = 10_000

/**
 * Hints by LISTEN, on a connection of its own that is opened with the first listener and opened again whenever it breaks, and
 * from this process's own appends without the way over the server. Whoever listens is also woken each time the connection
 * comes to be: what was said before was not heard.
 */
export class PgHints implements HintsPort {
  readonly #db: PgDatabase
  readonly #wakes = new Set<() => void>()
  readonly #closing = new AbortController()
  #listening: Promise<void> | undefined
  #stopLocal: (() => void) | undefined

  constructor(db: PgDatabase) {
    this.#db = db
  }

  listen(wake: () => void): () => void {
    if (this.#closing.signal.aborted) return () => undefined
    // A function of its own for each call: the same one may listen twice.
    const listener = (): void => wake()
    this.#wakes.add(listener)
    this.#stopLocal ??= listenLocally(this.#db, () => this.#wake())
    this.#listening ??= this.#keepListening()
    return () => void this.#wakes.delete(listener)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#wakes.clear()
    this.#stopLocal?.()
    await this.#listening
  }

  async #keepListening(): Promise<void> {
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      const heard = await this.#listenOnce()
      failures = heard ? 0 : failures + 1
      const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** failures) * (0.5 + Math.random() / 2)
      // Ends early when the listening is over.
      await sleep(delay, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** Listens until the connection breaks. True when it listened at all. */
  async #listenOnce(): Promise<boolean> {
    const { signal } = this.#closing
    const { schema, options } = this.#db
    const client = new Client({
      connectionString: options.listenUrl,
      application_name: 'cairn hints',
      keepAlive: true,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: probeTimeoutMs,
    })
    const over = Promise.withResolvers<unknown>()
    client.on('error', over.resolve)
    client.on('end', () => over.resolve(undefined))
    const onClose = (): void => over.resolve(undefined)
    signal.addEventListener('abort', onClose)
    client.on('notification', () => this.#wake())
    let heard = false
    let probe: NodeJS.Timeout | undefined
    try {
      await Promise.race([client.connect(), over.promise])
      if (signal.aborted) return false
      await client.query(`listen ${hintChannel(schema)}`)
      heard = true
      this.#wake()
      probe = setInterval(() => void client.query('select 1').catch(over.resolve), probeIntervalMs)
      probe.unref()
      const error = await over.promise
      if (!signal.aborted) options.logger.debug('the connection for hints broke', { component: 'pg-hints', error })
    } catch (error) {
      options.logger.debug('no connection for hints', { component: 'pg-hints', error })
    } finally {
      clearInterval(probe)
      signal.removeEventListener('abort', onClose)
      // Not for long: a connection whose other side is gone does not say goodbye.
      await Promise.race([client.end().catch(() => undefined), sleep(goodbyeMs)])
    }
    return heard
  }

  #wake(): void {
    for (const wake of this.#wakes) wake()
  }
}
