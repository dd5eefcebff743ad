import { silentLogger, type HintsPort, type LoggerPort } from '@cairn/core'
import type { RealtimeChannel, SupabaseClient } from '@supabase/supabase-js'

export interface SupabaseHintsOptions {
  readonly client: SupabaseClient
  /** Tables whose changes wake readers; they must be in the publication `supabase_realtime`. */
  readonly tables: readonly { readonly schema: string; readonly table: string }[]
  /** The realtime channel's name. @default 'cairn-hints' */
  readonly channel?: string | undefined
  readonly logger?: LoggerPort | undefined
}

/**
 * Hints by Supabase realtime, in the place of LISTEN: readers of a Supabase database are woken by changes, and poll as the base. Whoever
 * listens is also woken each time the channel comes to be: what was said before was not heard.
 */
export class SupabaseHints implements HintsPort {
  readonly #options: SupabaseHintsOptions
  readonly #logger: LoggerPort
  readonly #wakes = new Set<() => void>()
  #channel: RealtimeChannel | undefined
  #closed = false

  constructor(options: SupabaseHintsOptions) {
    this.#options = options
    this.#logger = (options.logger ?? silentLogger).child({ component: 'supabase-hints' })
  }

  listen(wake: () => void): () => void {
    if (this.#closed) return () => undefined
    const listener = (): void => wake()
    this.#wakes.add(listener)
    this.#channel ??= this.#subscribe()
    return () => void this.#wakes.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wakes.clear()
    const channel = this.#channel
    this.#channel = undefined
    if (channel !== undefined) await this.#options.client.removeChannel(channel)
  }

  #subscribe(): RealtimeChannel {
    const { client, tables, channel: name = 'cairn-hints' } = this.#options
    const channel = client.channel(name)
    for (const { schema, table } of tables) channel.on('postgres_changes', { event: '*', schema, table }, () => this.#wake())
    return channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') this.#wake()
      else if (!this.#closed) this.#logger.debug('Supabase realtime does not answer; readers poll meanwhile.', { status, error })
    })
  }

  #wake(): void {
    for (const wake of this.#wakes) wake()
  }
}
