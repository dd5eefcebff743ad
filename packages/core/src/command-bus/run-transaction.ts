import type { RecordedEvent } from '../contracts/index.ts'
import type { Backoff } from '../decisions/index.ts'
import { isCairnError } from '../errors/index.ts'
import type { EventStorePort } from '../ports/index.ts'
import { CommandTransaction, type TransactionHost } from './command-transaction.ts'
import type { DispatchOptions } from './dispatch-options.ts'

export interface TransactionOptions extends DispatchOptions {
  /** How often the work is done before it is reported that another writer was faster; from 1 on. @default 1 */
  readonly attempts?: number | undefined
}

export interface TransactionRun<T> {
  readonly store: Pick<EventStorePort, 'transaction'>
  readonly tenantId: string
  readonly options: TransactionOptions
  readonly host: TransactionHost
  readonly backoff: Backoff
  readonly work: (tx: CommandTransaction) => Promise<T>
}

/** Does the work in a transaction of the store, again where the options say so; gives its result and what was added. */
export async function runTransaction<T>(run: TransactionRun<T>): Promise<{ readonly value: T; readonly tx: CommandTransaction }> {
  const attempts = run.options.attempts ?? 1
  for (let attempt = 1; ; attempt++) {
    let worked = false
    try {
      return await run.store.transaction(run.tenantId, async (store) => {
        const tx = new CommandTransaction(store, run.options, run.host)
        try {
          const value = await run.work(tx)
          worked = true
          return { value, tx }
        } finally {
          await tx.end()
        }
      })
    } catch (error) {
      if (!worked || attempt >= attempts || !wasOvertaken(error)) throw error
      await run.backoff(attempt + 1)
    }
  }
}

const overtaken = new Set(['CAIRN_VERSION_CONFLICT', 'CAIRN_DUPLICATE_COMMAND', 'CAIRN_TRANSACTION_ROLLED_BACK'])

/** True for what other writers did between decision and commit, deadlocks included. A conflict that `work` itself met is its own affair. */
function wasOvertaken(error: unknown): boolean {
  return isCairnError(error) && overtaken.has(error.code)
}

/** The recorded events that a committed transaction added, one stream after another. */
export async function readAdded(store: Pick<EventStorePort, 'readStream'>, tx: CommandTransaction): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for (const { stream, fromVersion, toVersion } of tx.added) {
    for await (const event of store.readStream(stream, { fromVersion, toVersion })) events.push(event)
  }
  return events
}
