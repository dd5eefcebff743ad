import type { EventStorePort } from '@cairn/core'
import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import { eventOf, streamOf } from '../support/events.ts'
import type { Ledger } from './ledger.ts'

const probes = 5
const giveUpMs = 3_000

export interface StallProbe {
  /** The longest time from an acknowledged append to the start of the first read that showed it. 0: the first read showed each. */
  readonly stalledMs: number
  /** Whether the control, a reader gated by transaction ids, could not see it then. */
  readonly gatedReaderStalled: boolean
}

/** With no append under way and only unrelated transactions open: does the horizon reach the newest event at once? */
export async function probeStall(store: EventStorePort, admin: Client, schema: string, ledger: Ledger): Promise<StallProbe> {
  let stalledMs = 0
  let gatedReaderStalled = false
  for (let i = 0; i < probes; i++) {
    const event = eventOf()
    const { position } = await store.append({ stream: streamOf('probe'), expected: 0, events: [event] })
    ledger.commit([event.id])
    const acknowledged = performance.now()
    for (let reads = 0; ; reads++) {
      const started = performance.now()
      const { events, horizon } = await store.readAll({ after: position - 1, limit: 1 })
      const seen = horizon >= position && events[0]?.id === event.id
      if (seen && reads > 0) stalledMs = Math.max(stalledMs, started - acknowledged)
      if (!seen && started - acknowledged > giveUpMs) return { stalledMs: started - acknowledged, gatedReaderStalled }
      if (seen) break
    }
    const { gated } = await only<{ gated: boolean }>(
      admin,
      `select xmin::text::bigint >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296 as gated from ${schema}.events where position = $1`,
      [position],
    )
    gatedReaderStalled ||= gated
  }
  return { stalledMs, gatedReaderStalled }
}
