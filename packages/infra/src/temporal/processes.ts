import type { ProcessManagerDefinition, ProcessTransactionsPort, RecordedEvent, StreamKey } from '@cairn/core'

/** What the steps of process managers work with. */
export interface ProcessParts {
  readonly definitions: readonly ProcessManagerDefinition[]
  /** Transactions of the database that the log and the commands are in, one at a time per instance. */
  readonly transactions: ProcessTransactionsPort
  /** The newest version of a command's schema, for its metadata. @default 1 */
  readonly schemaVersionOf?: ((commandType: string) => number) | undefined
  /** An event of the log, lifted to its newest schema. */
  readEvent(stream: StreamKey, version: number): Promise<RecordedEvent | undefined>
}
