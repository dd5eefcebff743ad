import type { AppendEntry } from '../append/append-entry.ts'
import { appendOne } from '../append/append-one.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { resultsOf } from '../read/results-of.ts'

/** Carries the answer out of a transaction that must not commit. */
class Answer extends Error {
  readonly committed: boolean

  constructor(committed: boolean) {
    super('The question is answered; what asked it is rolled back.')
    this.committed = committed
  }
}

/**
 * Whether a transaction took effect whose COMMIT was sent and whose answer was lost. Asks by appending one of its entries
 * again, in a transaction that is rolled back: append_one waits while the lost one still holds the stream, and then finds
 * its receipt, or does not. Looking for the receipt alone could come too early.
 */
export async function wasCommitted(db: PgDatabase, tenantId: string, entries: readonly AppendEntry[]): Promise<boolean> {
  const { schema, signer, pools, gates, options } = db
  // Best an entry whose receipt is of our own making: nobody else can have brought that one in.
  const entry = entries.find(({ receipts }) => receipts.some((receipt) => receipt.hash === '')) ?? entries[0]
  if (entry === undefined) return false
  const ask = (): Promise<boolean> =>
    pools.aside.transaction(async (connection) => {
      const { kind } = await appendOne(connection, schema, signer, entry, options.holdTimeoutMs)
      if (kind !== 'duplicate') throw new Answer(false)
      const [stored] = await resultsOf(connection, schema, signer, tenantId, entry.receipts)
      throw new Answer(stored !== undefined && stored.events[0]?.id === entry.events[0]?.id)
    })
  return retryWhileUnavailable('the outcome of a transaction', options.retryForMs, () =>
    gates.aside.run(() =>
      ask().catch((error: unknown) => {
        if (error instanceof Answer) return error.committed
        throw error
      }),
    ),
  )
}
