import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StreamKey } from '@cairn/core'
import type { PgDatabase } from '@cairn/infra/pg'
import { AppSession } from '../support/app-session.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { eventOf } from '../support/events.ts'

interface Queued {
  readonly stream: StreamKey
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** The negative control: puts appends together like the store does, and waits inside the batch for a stream that somebody else holds. */
export class BlockingAppender {
  readonly #session: AppSession
  #queue: Queued[] = []
  #sending = false

  private constructor(session: AppSession) {
    this.#session = session
  }

  static async open(database: CheckDatabase, signer: PgDatabase['signer']): Promise<BlockingAppender> {
    return new BlockingAppender(await AppSession.open(database, signer))
  }

  append(stream: StreamKey): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ stream, resolve, reject })
      if (!this.#sending) void this.#send()
    })
  }

  async #send(): Promise<void> {
    this.#sending = true
    await nextTurn()
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0)
      try {
        await this.#session.run('begin')
        for (const { stream } of batch) await this.#session.mustAppend(stream, [eventOf()])
        await this.#session.run('commit')
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#sending = false
  }

  close(): Promise<void> {
    return this.#session.close()
  }
}
