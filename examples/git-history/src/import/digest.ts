import { createHash } from 'node:crypto'
import type { RecordedEvent } from '@cairn/cairn'
import type { HistoryApp } from './history-app.ts'
import { readEvents } from './read-events.ts'

export interface Digest {
  /** SHA-256 over all streams, in hex. */
  readonly digest: string
  readonly events: number
  readonly streams: number
}

/**
 * One hash for a tenant's whole log: every stream's events in their order, with version, type, payload and the command
 * that caused them, without ids, times and positions, which differ between two imports of one history.
 * @throws when a stream's versions are not 1..n
 */
export async function digestOf(events: Pick<HistoryApp['events'], 'readAll'>, tenantId: string): Promise<Digest> {
  const streams = new Map<string, { version: number; hash: string }>()
  let count = 0
  for await (const event of readEvents(events, tenantId)) {
    const key = JSON.stringify([event.aggregateType, event.aggregateId])
    const before = streams.get(key) ?? { version: 0, hash: '' }
    if (event.version !== before.version + 1) {
      throw new Error(`Stream ${key} goes from version ${before.version} to ${event.version}: an event is missing or doubled.`)
    }
    streams.set(key, { version: event.version, hash: hash(before.hash + contentOf(event)) })
    count++
  }
  const whole = createHash('sha256')
  for (const key of [...streams.keys()].toSorted()) whole.update(`${key}${streams.get(key)?.hash ?? ''}\n`)
  return { digest: whole.digest('hex'), events: count, streams: streams.size }
}

function contentOf(event: RecordedEvent): string {
  const { causationId, correlationId, schemaVersion } = event.metadata
  return JSON.stringify([event.type, sorted(event.payload), causationId, correlationId, schemaVersion])
}

/** jsonb keeps keys in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)])
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
