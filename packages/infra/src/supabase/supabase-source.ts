import { InvalidInputError, type PumpIntake, type PumpSourcePort, type RunningPump } from '@cairn/core'
import type { SupabaseClient } from '@supabase/supabase-js'
import { SupabaseIntake } from './supabase-intake.ts'

export interface SupabaseSourceOptions {
  /** `supabaseAdmin()`. */
  readonly client: SupabaseClient
  /** Changes that wait for the pump, at most; with more than that the channel is left until half of them are handled. @default 1_000 */
  readonly queueSize?: number | undefined
}

/**
 * Changes as Supabase realtime tells them, for tables of a database that cannot be watched. Nothing is kept but what waits in memory:
 * what changes while the connection is down, while the queue is full, or before the process died is not told again. A table of a
 * database that you may write to is better watched, which loses nothing; realtime then is a hint (`SupabaseHints`).
 */
export class SupabaseSource implements PumpSourcePort {
  readonly #client: SupabaseClient
  readonly #queueSize: number

  constructor({ client, queueSize = 1_000 }: SupabaseSourceOptions) {
    if (!Number.isSafeInteger(queueSize) || queueSize < 1) {
      throw new InvalidInputError('queueSize', `queueSize must be a whole number from 1 on, not ${queueSize}.`)
    }
    this.#client = client
    this.#queueSize = queueSize
  }

  async open(pump: PumpIntake): Promise<RunningPump> {
    if (pump.from !== 'end')
      throw new InvalidInputError('from', "Supabase realtime tells what changes from now on: from can only be 'end'.")
    if (pump.failure.onExhausted === 'park') {
      throw new InvalidInputError(
        'onExhausted',
        "There is no place to set rows of Supabase realtime aside: onExhausted can only be 'stop'.",
      )
    }
    const intake = new SupabaseIntake(this.#client, pump, Math.max(this.#queueSize, pump.batchSize))
    await intake.joined
    return { stop: () => intake.stop() }
  }
}
