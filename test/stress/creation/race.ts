import { VersionConflictError, type EventStorePort, type ExpectedVersion, type StreamKey } from '@cairn/core'
import { eventsOf } from '../support/events.ts'

export interface RaceResult {
  /** The event ids of each racer whose append was accepted. */
  readonly won: readonly (readonly string[])[]
  /** What the others were told. */
  readonly refusals: readonly unknown[]
}

/** So many appends to one stream at once, all with the same expected version, of one to three events each. */
export async function race(
  racers: number,
  stream: StreamKey,
  expected: ExpectedVersion,
  storeFor: (racer: number) => EventStorePort,
): Promise<RaceResult> {
  const entered = Array.from({ length: racers }, (_, racer) => ({ racer, events: eventsOf(1 + (racer % 3)) }))
  const ended = await Promise.allSettled(entered.map(({ racer, events }) => storeFor(racer).append({ stream, expected, events })))
  const won: string[][] = []
  const refusals: unknown[] = []
  for (const [i, outcome] of ended.entries()) {
    if (outcome.status === 'fulfilled') won.push((entered[i]?.events ?? []).map((event) => event.id))
    else refusals.push(outcome.reason)
  }
  return { won, refusals }
}

/** True for the refusal that a loser must get: typed, with the version that the winner left behind. */
export function isRightRefusal(refusal: unknown, expected: number, actual: number): boolean {
  return refusal instanceof VersionConflictError && refusal.expected === expected && refusal.actual === actual
}
