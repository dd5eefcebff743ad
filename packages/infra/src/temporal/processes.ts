import type { ProcessManagerDefinition, ProcessTransactionsPort, RecordedEvent, StepServices, StreamKey } from '@cairn/core'

/** What the steps of process managers work with. */
export interface ProcessParts extends StepServices {
  readonly definitions: readonly ProcessManagerDefinition[]
  /** Transactions of the database that the log and the commands are in, one at a time per instance. */
  readonly transactions: ProcessTransactionsPort
  /** An event of the log, lifted to its newest schema. */
  readEvent(stream: StreamKey, version: number): Promise<RecordedEvent | undefined>
}
