import { hashCommand, uuidv7, type AppendRequest } from '@cairn/core'
import { aggregateType, eventsOf, streamOf } from '../support/events.ts'

/** An append of two events; with a command, or with nothing but what the store gives it. */
export function requestOf(withCommand: boolean, aggregateId: string = uuidv7()): AppendRequest {
  const stream = streamOf('faults', aggregateId)
  const events = eventsOf(2, { of: aggregateId })
  if (!withCommand) return { stream, expected: 'any', events }
  const command = { id: uuidv7(), hash: hashCommand({ type: 'check.note', aggregateType, aggregateId, payload: {} }) }
  return { stream, expected: 'any', events, command }
}
