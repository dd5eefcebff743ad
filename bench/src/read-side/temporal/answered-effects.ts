import type { StoredCommand } from '@cairn/core'
import { z } from 'zod'
import { lineAdded } from '../../workload/payload.ts'

/** An event that is in the database, and the line in it. */
export interface StoredLine {
  readonly id: string
  readonly line: string
}

const Result = z.object({ eventIds: z.tuple([z.string()]) })

/** How many commands have their one event there, and were answered with it. Answer `n` is that of line `n`. */
export function answeredEffects(stored: readonly StoredLine[], answers: readonly Pick<StoredCommand, 'status' | 'result'>[]): number {
  // One more says as much as one less: something took effect twice.
  if (stored.length !== answers.length) return stored.length
  const lines = new Map(stored.map(({ id, line }) => [id, line]))
  return answers.filter(({ status, result }, n) => {
    const { data } = Result.safeParse(result)
    return status === 'processed' && data !== undefined && lines.get(data.eventIds[0]) === lineAdded(n).lineId
  }).length
}
