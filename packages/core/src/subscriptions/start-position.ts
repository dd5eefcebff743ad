import { InvalidInputError } from '../errors/input.ts'
import type { LogReaderPort } from '../ports/log-reader.port.ts'
import { assertVersion } from '../validation/versions.ts'

/**
 * Where a new subscription begins. 'start': with the first event. 'end': with what is not yet visible to every reader now; nothing
 * recorded from now on is missed. A position: with what stands behind it. A time: with what was recorded then or later.
 */
export type StartPosition = 'start' | 'end' | { readonly position: number } | { readonly time: Date }

/** The position behind which a new subscription reads. @throws InvalidInputError */
export async function resolveStart(reader: LogReaderPort, from: StartPosition): Promise<number> {
  if (from === 'start') return 0
  if (from === 'end') return (await reader.head()).horizon
  if (typeof from === 'object' && from !== null && 'position' in from) {
    assertVersion('from.position', from.position)
    return from.position
  }
  if (typeof from === 'object' && from !== null && 'time' in from && from.time instanceof Date && !Number.isNaN(from.time.getTime())) {
    return reader.positionAt(from.time)
  }
  throw new InvalidInputError('from', `from must be 'start', 'end', { position } or { time: a valid Date }.`)
}
