import type { ReadStreamOptions, RecordedEvent, StreamKey } from '@cairn/core'
import { z } from 'zod'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { parseEvents } from './event-row.ts'

const pageSize = 1_000
const Page = z.object({ events: z.string().nullable(), more: z.boolean() })

/** Whole events of one stream, a page at a time as the loop asks for them. */
export async function* readStream(db: PgDatabase, stream: StreamKey, options: ReadStreamOptions): AsyncGenerator<RecordedEvent> {
  const { schema, signer, pools, gates } = db
  const to = options.toVersion ?? Number.MAX_SAFE_INTEGER
  const until = options.until?.toISOString() ?? 'infinity'
  let from = options.fromVersion ?? 1
  let left = options.limit ?? Number.MAX_SAFE_INTEGER
  let most = pageSize
  const context = signer.sign([stream.tenantId])
  while (left > 0 && from <= to) {
    const limit = Math.min(left, most)
    const page = await retryWhileUnavailable('reading a stream', db.options.retryForMs, () =>
      gates.read.run(() =>
        pools.read.one(sql.prepared(`${schema}_read_stream`, Page)`
          select events, more from ${sql.identifier([schema])}.read_stream(${context.text}, ${context.signature}, ${stream.tenantId}, ${stream.aggregateType},
            ${stream.aggregateId}, ${from}::bigint, ${to}::bigint, ${until}::timestamptz, ${limit}::int)`),
      ),
    )
    const events = parseEvents(page.events)
    yield* events
    const last = events.at(-1)
    if (last === undefined || (events.length < limit && !page.more)) return
    // Events of one stream are much alike: the next page need not be made in vain.
    most = page.more ? events.length : Math.min(2 * most, pageSize)
    from = last.version + 1
    left -= events.length
  }
}
