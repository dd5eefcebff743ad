import {
  eventOfChange,
  matchesPumpFilter,
  uuidv7,
  type ChangeLogPort,
  type ChangeSelection,
  type LogReaderPort,
  type PumpChange,
  type PumpOperation,
} from '@cairn/core'

type Change = Omit<PumpChange, 'id'>

/** What one `record` says of a row. */
export interface ChangeToRecord {
  readonly operation: PumpOperation
  readonly schema: string
  readonly table: string
  readonly row: unknown
  readonly oldRow?: unknown
}

/** Changes in memory: a test records them in the place of a trigger. Every table is watched. */
export class InMemoryChangeLog implements ChangeLogPort {
  readonly #changes: Change[] = []
  readonly #logId = uuidv7()

  record({ row, oldRow, ...change }: ChangeToRecord): number {
    const tenantId: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'tenant_id') : undefined
    const position = this.#changes.length + 1
    this.#changes.push({
      ...change,
      position,
      tenantId: typeof tenantId === 'string' ? tenantId : undefined,
      row: structuredClone(row),
      oldRow: structuredClone(oldRow),
      recordedAt: new Date(),
    })
    return position
  }

  async watched(): Promise<readonly PumpOperation[]> {
    return ['INSERT', 'UPDATE', 'DELETE']
  }

  reader({ schema, table, operations, filter }: ChangeSelection): LogReaderPort {
    const changes = this.#changes
    const wanted = (change: Change): boolean =>
      change.schema === schema &&
      change.table === table &&
      operations.includes(change.operation) &&
      (filter === undefined || matchesPumpFilter(filter, change.row))
    return {
      logId: async () => this.#logId,
      async head() {
        return { horizon: changes.length, newest: changes.length }
      },
      async positionAt(time) {
        return changes.findLast(({ recordedAt }) => recordedAt < time)?.position ?? 0
      },
      read: async ({ after, upTo = Infinity, limit }) => {
        const horizon = changes.length
        const end = Math.min(horizon, upTo)
        const found = changes.slice(after, end).filter(wanted).slice(0, limit)
        const next = found.length === limit ? (found.at(-1)?.position ?? after) : Math.max(after, end)
        return { events: found.map((change) => eventOfChange(this.#logId, structuredClone(change))), next, horizon }
      },
    }
  }
}
