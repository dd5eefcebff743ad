import { CommandIdReusedError, type Command, type StoredResult, type StreamKey } from '@cairn/core'
import type { CommandRow } from '../command-row.ts'
import type { StoredEvent } from '../stored-event.ts'
import { rowKey, type CommandRows } from './rows.ts'

/** What a command led to, by the key of its id. */
export interface ReceiptRow {
  readonly hash: string
  readonly stream: StreamKey
  readonly version: number
  readonly events: readonly StoredEvent[]
}

/** Commands that are stored and commands that took effect. In PostgreSQL they are one table: an id stands for one content in both. */
export class CommandTable {
  readonly rows: CommandRows = new Map<string, CommandRow>()
  readonly receipts = new Map<string, ReceiptRow>()

  /** What an id stands for; undefined where nobody used it, or nobody has admitted its row. */
  hashOf(tenantId: string, id: string): string | undefined {
    const key = rowKey(tenantId, id)
    return this.receipts.get(key)?.hash ?? this.rows.get(key)?.hash
  }

  /** @throws CommandIdReusedError where the id stands for other content, or for what nobody has admitted */
  assertFits(tenantId: string, id: string, hash: string): void {
    const known = this.hashOf(tenantId, id)
    if (known === hash || (known === undefined && !this.rows.has(rowKey(tenantId, id)))) return
    throw new CommandIdReusedError(tenantId, id)
  }

  /** What took effect did not fail, whatever whoever ran it last may say. */
  hasEffect({ tenantId, id }: Pick<Command, 'tenantId' | 'id'>): boolean {
    return this.receipts.has(rowKey(tenantId, id))
  }

  /** What a worker would have written down as the result of a command that took effect; undefined where it did not. */
  resultOf({ tenantId, id, aggregateId }: Pick<Command, 'tenantId' | 'id' | 'aggregateId'>): StoredResult | undefined {
    const receipt = this.receipts.get(rowKey(tenantId, id))
    if (receipt === undefined) return undefined
    const { version, events } = receipt
    return { aggregateId, version, position: events.at(-1)?.position ?? 0, eventIds: events.map((event) => event.id) }
  }

  /** True for a command that nobody has ever taken, and that did not take effect by another way. */
  isWaiting(row: CommandRow): boolean {
    return row.status === 'pending' && row.attempts === 0 && !this.hasEffect(row)
  }
}
