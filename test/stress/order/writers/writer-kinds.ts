import type { WriterStep } from './writer.ts'
import { batches } from './batches.ts'
import { earlyTransactionId, pausedAfterAppend, pausedBetweenAppends, rolledBack, savepoints } from './sessions.ts'
import { transactionEarlyId, transactionPaused } from './store-transactions.ts'

/** Every way to write that may bring positions and commits out of order. The writers of a check take them in turn. */
export const writerKinds: Readonly<Record<string, WriterStep>> = {
  batches,
  'transaction-paused': transactionPaused,
  'session-paused-after-append': pausedAfterAppend,
  'session-early-transaction-id': earlyTransactionId,
  'session-rolled-back': rolledBack,
  'session-savepoints': savepoints,
  'transaction-early-id': transactionEarlyId,
  'session-paused-between-appends': pausedBetweenAppends,
}
