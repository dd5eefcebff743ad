import type { HotRow } from '../rows/row.ts'
import { hotStreams } from '../workload/seeding.ts'
import type { Work } from '../workload/work.ts'

/**
 * One aggregate after another, each taken by all callers at once. A stream that only grew would slow down whoever is
 * faster, because each load reads all of it; so every episode starts from the same history.
 */
export function hotEpisodes(shape: HotRow, nextStream: () => number, command: (stream: number) => Promise<void>): Work {
  return {
    loops: 1,
    async step() {
      const stream = nextStream()
      if (stream >= hotStreams) throw new Error(`The ${hotStreams} seeded aggregates are used up: ask for fewer seconds or rounds.`)
      const callers = await Promise.allSettled(
        Array.from({ length: shape.callers }, async () => {
          for (let i = 0; i < shape.commandsPerCaller; i++) await command(stream)
        }),
      )
      const failed = callers.filter((caller) => caller.status === 'rejected')
      if (failed[0] !== undefined) throw new Error(`${failed.length} of ${shape.callers} callers failed: ${String(failed[0].reason)}`)
      return shape.callers * shape.commandsPerCaller
    },
  }
}
