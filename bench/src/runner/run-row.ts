import { systems, type System } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { Entrant, type EntrantOptions } from './entrant.ts'
import type { RowResult } from './series.ts'
import { rotated } from './statistics.ts'

export interface RunOptions extends EntrantOptions {
  readonly rounds: number
  readonly systems: readonly System[]
}

/** All systems in one row: trials, then the rounds in rotating order. */
export async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  const entrants: Entrant[] = []
  try {
    for (const system of systems.filter((s) => options.systems.includes(s))) {
      options.signal.throwIfAborted()
      const entrant = await Entrant.open(system, row, options)
      entrants.push(entrant)
      await entrant.qualify()
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const entrant of rotated(entrants, round)) {
        for (const series of rotated(entrant.series, round)) await entrant.measure(series, `round ${round + 1}/${options.rounds}`)
      }
    }
    for (const entrant of entrants) await entrant.inspect()
    return { row, series: entrants.flatMap((e) => e.series), trials: entrants.flatMap((e) => e.trials) }
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.close()))
  }
}
