import { migrate } from '@cairn/infra/pg'
import type { CarriedOut, Job } from './job.ts'
import { runJob } from './run-job.ts'
import type { ReadRunOptions } from './run-rebuild.ts'

export const asyncWays = {
  boss: 'through pg-boss',
  worker: 'command worker',
  bare: 'bare job, one INSERT',
  unordered: 'bare job, one INSERT, no order',
} as const

export interface AsyncSeries {
  readonly way: string
  readonly aggregates: number
  readonly commands: number
  readonly rates: readonly number[]
  readonly problem: string | undefined
}

export interface AsyncResult {
  readonly series: readonly AsyncSeries[]
}

/** Stored commands to so many aggregates each; every way runs alone, in a process and a database of its own. */
export async function runAsync({ databases, sizes, rounds, signal, onStep }: ReadRunOptions): Promise<AsyncResult> {
  const { schema } = databases
  const commands = sizes.asyncCommands
  const made = [commands, 100].flatMap((aggregates) =>
    Object.values(asyncWays).map((way) => ({ way, aggregates, commands, rates: [] as number[], problem: undefined as string | undefined })),
  )
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < made.length; i++) {
      const series = made[(i + round) % made.length]
      if (series === undefined) continue
      const { way, aggregates } = series
      onStep(`round ${round + 1}/${rounds}  ${way}, ${aggregates} aggregates`)
      const url = await databases.create(`async-${round}-${i}`)
      try {
        const { effects, seconds } = await run(way, url, aggregates)
        if (effects !== commands) series.problem = `${effects} of ${commands} took effect`
        series.rates.push(commands / seconds)
      } finally {
        await databases.drop(url)
      }
    }
  }
  return { series: made }

  async function run(way: string, url: string, aggregates: number): Promise<CarriedOut> {
    if (way === asyncWays.bare) return answerOf({ kind: 'bare-jobs', url, policy: 'key_strict_fifo', commands, aggregates })
    if (way === asyncWays.unordered) return answerOf({ kind: 'bare-jobs', url, policy: 'standard', commands, aggregates })
    const { contextKey } = await migrate({ url, schema })
    await databases.settle(url)
    const by = way === asyncWays.boss ? 'pg-boss' : 'command-worker'
    return answerOf({ kind: 'async-commands', url, schema, contextKey, way: by, commands, aggregates })
  }

  async function answerOf(job: Extract<Job, { kind: 'bare-jobs' | 'async-commands' }>): Promise<CarriedOut> {
    return (await runJob(job, signal)).answer
  }
}

export function asyncRate({ series }: AsyncResult, way: string, aggregates: number): number | undefined {
  const found = series.find((s) => s.way === way && s.aggregates === aggregates && s.problem === undefined)
  const sorted = found?.rates.toSorted((a, b) => a - b) ?? []
  return sorted[Math.floor(sorted.length / 2)]
}
