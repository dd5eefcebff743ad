import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStorePort, ReadAllOptions } from '@cairn/core'
import type { Client } from 'pg'
import { placedOf, type Placed } from './truth.ts'

/** Says to the readers where the log ends, once it is known. */
export interface LogEnd {
  position: number | undefined
}

/** How long a reader may need for what is left when the last writer has ended; what it has not seen by then it lost. */
const graceMs = 15_000
const idleMs = 1

/** Reads the log from its start and goes on from `next`, as every subscription does. */
export async function followLog(store: EventStorePort, options: Omit<ReadAllOptions, 'after'>, end: LogEnd): Promise<Placed[]> {
  return follow(end, async (after) => {
    const { events, next } = await store.readAll({ ...options, after })
    return { events: events.map(placedOf), next }
  })
}

/** The negative control: takes the last row it saw for the place to go on from. */
export async function followNaively(client: Client, schema: string, limit: number, end: LogEnd): Promise<Placed[]> {
  return follow(end, async (after) => {
    const { rows } = await client.query<{ id: string; position: string; stream: string; version: string }>({
      name: 'naive',
      text: `select id, position, tenant_id || '/' || aggregate_type || '/' || aggregate_id as stream, version
               from ${schema}.events where position > $1 order by position limit $2`,
      values: [after, limit],
    })
    const events = rows.map((row) => ({ ...row, position: Number(row.position), version: Number(row.version) }))
    return { events, next: events.at(-1)?.position ?? after }
  })
}

async function follow(
  end: LogEnd,
  read: (after: number) => Promise<{ readonly events: readonly Placed[]; readonly next: number }>,
): Promise<Placed[]> {
  const delivered: Placed[] = []
  let after = 0
  let giveUpAt = Number.POSITIVE_INFINITY
  for (;;) {
    // Looked up before the read: a read that began after the end was known has seen all there is.
    const last = end.position
    if (last !== undefined && giveUpAt === Number.POSITIVE_INFINITY) giveUpAt = performance.now() + graceMs
    const { events, next } = await read(after)
    for (const event of events) delivered.push(event)
    after = next
    if (last !== undefined && after >= last) return delivered
    if (events.length === 0) {
      if (performance.now() > giveUpAt) return delivered
      await sleep(idleMs)
    }
  }
}
