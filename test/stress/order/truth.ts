import type { RecordedEvent } from '@cairn/core'

/** Where an event stands in the log, as a reader was told or as the table says. */
export interface Placed {
  readonly id: string
  readonly position: number
  /** Tenant, type and id of the stream, as one text. */
  readonly stream: string
  readonly version: number
}

export function placedOf(event: RecordedEvent): Placed {
  return {
    id: event.id,
    position: event.position,
    stream: `${event.tenantId}/${event.aggregateType}/${event.aggregateId}`,
    version: event.version,
  }
}

export interface Findings {
  /** Committed, and not delivered. */
  readonly lost: number
  /** Deliveries of an event beyond its first. */
  readonly doubled: number
  /** Deliveries at a position not above the one before, or at a version not above the one before of their stream. */
  readonly inverted: number
  /** Delivered, and not committed. */
  readonly phantom: number
}

/** Compares what a reader was given, in the order in which it was given, with what was committed. */
export function compareWithTruth(delivered: readonly Placed[], truth: ReadonlyMap<string, Placed>): Findings {
  const seen = new Set<string>()
  const versions = new Map<string, number>()
  let [doubled, inverted, phantom, position] = [0, 0, 0, 0]
  for (const event of delivered) {
    if (seen.has(event.id)) doubled++
    seen.add(event.id)
    if (!truth.has(event.id)) phantom++
    if (event.position <= position || event.version <= (versions.get(event.stream) ?? 0)) inverted++
    position = event.position
    versions.set(event.stream, event.version)
  }
  let lost = 0
  for (const id of truth.keys()) if (!seen.has(id)) lost++
  return { lost, doubled, inverted, phantom }
}

/** Streams whose versions, by position, are not 1..n. */
export function brokenStreams(truth: ReadonlyMap<string, Placed>): number {
  const versions = new Map<string, number>()
  const broken = new Set<string>()
  for (const { stream, version } of [...truth.values()].toSorted((a, b) => a.position - b.position)) {
    const expected = (versions.get(stream) ?? 0) + 1
    if (version !== expected) broken.add(stream)
    versions.set(stream, version)
  }
  return broken.size
}
