import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'

/** Counts the orders over and over, as a reader of the view: none ever goes away. */
export function watchView(admin: Client, { schema }: CheckDatabase): { stop(): Promise<void>; incompleteReads(): number } {
  let incomplete = 0
  const stop = new AbortController()
  const looking = (async () => {
    for (let before = 0; !stop.signal.aborted;) {
      const { count } = await only<{ count: string }>(admin, `select count(*) from ${schema}.order_summary`)
      if (Number(count) < before) incomplete++
      before = Number(count)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  looking.catch(() => undefined)
  return {
    incompleteReads: () => incomplete,
    stop() {
      stop.abort()
      return looking
    },
  }
}
