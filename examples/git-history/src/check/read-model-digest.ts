import { createHash } from 'node:crypto'
import { projectEvents, type RecordedEvent } from '@cairn/cairn'
import { InMemoryRowStore } from '@cairn/core'
import { gitHistory } from '../domain/index.ts'
import type { HistoryApp } from '../import/history-app.ts'
import { readEvents } from '../import/read-events.ts'

export interface ReadModelDigest {
  /** SHA-256 over every row of every table, in hex. */
  readonly digest: string
  readonly rows: number
  /** Tables whose rows are not those that the events give when they are folded in memory. */
  readonly different: readonly string[]
}

/** Reads a tenant's read models, and compares each row with what its projection makes of the log. */
export async function readModelDigest(app: HistoryApp, tenantId: string): Promise<ReadModelDigest> {
  const events: RecordedEvent[] = []
  for await (const event of readEvents(app.events, tenantId)) events.push(event)
  await app.waitFor(events.at(-1)?.position ?? 0, undefined, { timeoutMs: 60_000 })
  const folded = new InMemoryRowStore()
  await projectEvents(gitHistory.projections, events, folded)
  const whole = createHash('sha256')
  const different: string[] = []
  let count = 0
  for (const table of gitHistory.projections.flatMap((projection) => [...projection.tables.keys()])) {
    const read = await allRows(app, tenantId, table)
    const stored = read.map(textOf).toSorted()
    // What nobody may read is not compared.
    const columns = new Set(Object.keys(read[0] ?? {}))
    const expected = folded
      .rows(table)
      .map(({ values }) => textOf(Object.fromEntries(Object.entries(values).filter(([column]) => columns.has(column)))))
      .toSorted()
    if (stored.join('\n') !== expected.join('\n')) different.push(table)
    whole.update(`${table}\n${stored.join('\n')}\n`)
    count += stored.length
  }
  return { digest: whole.digest('hex'), rows: count, different }
}

async function allRows(app: HistoryApp, tenantId: string, table: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rows: Readonly<Record<string, unknown>>[] = []
  const readModel = app.readModel(table as 'hotspots', { tenantId })
  let after: string | undefined
  do {
    const page = await readModel.find({ limit: 1_000, after })
    rows.push(...page.rows)
    after = page.next
  } while (after !== undefined)
  return rows
}

/** jsonb keeps keys in an order of its own. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
