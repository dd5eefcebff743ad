import { InvalidInputError, resolveStart, type LogReaderPort } from '@cairn/core'
import { parseCursor } from '../cursor.ts'
import type { SubscribeFrom } from './subscribe-options.ts'

/** The position behind which a subscription reads. @throws InvalidInputError, ForeignLogError */
export async function resolveFrom(reader: LogReaderPort, from: SubscribeFrom): Promise<number> {
  if (typeof from === 'number') return resolveStart(reader, { position: from })
  if (from instanceof Date) return resolveStart(reader, { time: from })
  if (typeof from === 'object' && from !== null && 'cursor' in from) return parseCursor(from.cursor, await reader.logId()).position
  if (from === 'start' || from === 'end') return resolveStart(reader, from)
  throw new InvalidInputError('from', `from must be 'start', 'end', a position, a Date or { cursor }, not ${String(from)}.`)
}
