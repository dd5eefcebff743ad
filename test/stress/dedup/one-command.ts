import {
  CommandIdReusedError,
  hashCommand,
  type AppendRequest,
  type AppendResult,
  type CommandReceipt,
  type EventStorePort,
  type ExpectedVersion,
  type StreamKey,
} from '@cairn/core'
import { eventsOf } from '../support/events.ts'

/** The receipt of a command with this id, target and content. */
export function receiptOf(id: string, stream: StreamKey, content: string): CommandReceipt {
  return {
    id,
    hash: hashCommand({ type: 'check.note', aggregateType: stream.aggregateType, aggregateId: stream.aggregateId, payload: { content } }),
  }
}

/** What one racer sends: events of its own making, with ids of their own, under the command's id. */
export function requestOf(stream: StreamKey, expected: ExpectedVersion, id: string, content: string): AppendRequest {
  return { stream, expected, events: eventsOf(2, { content }), command: receiptOf(id, stream, content) }
}

export interface Answers {
  readonly results: readonly AppendResult[]
  /** Refused because the id stands for other content. */
  readonly reused: number
  readonly otherErrors: readonly unknown[]
}

export async function sendAll(requests: readonly AppendRequest[], storeFor: (racer: number) => EventStorePort): Promise<Answers> {
  const ended = await Promise.allSettled(requests.map((request, racer) => storeFor(racer).append(request)))
  const results = ended.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const errors: unknown[] = ended.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  const reused = errors.filter((error) => error instanceof CommandIdReusedError).length
  return { results, reused, otherErrors: errors.filter((error) => !(error instanceof CommandIdReusedError)) }
}

/** An answer without the one thing in which the first and the later ones differ. */
export function contentOf({ stream, events, version, position }: AppendResult): string {
  return JSON.stringify({ stream, events, version, position }, sortedKeys)
}

/** jsonb keeps objects in an order of its own. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
