import { migrate } from '@cairn/infra/pg'
import { provideTemporal, ServiceUnavailableError } from '@cairn/testing/services'
import { median } from '../runner/statistics.ts'
import type { CarriedOut, Job } from './job.ts'
import { runJob } from './run-job.ts'
import type { ReadRunOptions } from './run-rebuild.ts'

/** Cairn's commands go to so many aggregates. */
const aggregates = 100
/** What Cairn's router keeps in flight: aggregates with an update under way. */
const routed = 100

/** The server's default lets 1,200 callers wait at once: too few for that many bare workflows, more than enough for Cairn. */
const dynamicConfig = { 'frontend.namespaceCount': 1_000_000, 'frontend.namespaceRPS': 1_000_000 }

export const temporalWays = {
  cairn: 'cairn, 100 aggregates',
  bare: 'bare workflow, one activity',
  fewer: `bare workflow, one activity, ${routed} at a time`,
  local: 'bare workflow, one local activity',
} as const

type Way = (typeof temporalWays)[keyof typeof temporalWays]

export interface TemporalSeries {
  readonly way: Way
  readonly commands: number
  readonly rates: readonly number[]
  readonly problem: string | undefined
}

export interface TemporalResult {
  readonly series: readonly TemporalSeries[]
  /** Why nothing was measured. */
  readonly unavailable: string | undefined
}

/** Every way runs alone, in a process, a database and a Temporal server of its own. */
export async function runTemporal({ databases, sizes, rounds, signal, onStep }: ReadRunOptions): Promise<TemporalResult> {
  const { schema } = databases
  const commands = sizes.temporalCommands
  const made = Object.values(temporalWays).map((way) => ({
    way,
    commands,
    rates: [] as number[],
    problem: undefined as string | undefined,
  }))
  try {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < made.length; i++) {
        const series = made[(i + round) % made.length]
        if (series === undefined) continue
        onStep(`round ${round + 1}/${rounds}  ${series.way}`)
        try {
          const { effects, seconds } = await measured(series.way, `temporal-${round}-${i}`)
          if (effects !== commands) series.problem = `${effects} of ${commands} took effect and were answered`
          series.rates.push(commands / seconds)
        } catch (error) {
          // What one way cannot do says nothing about the others.
          if (signal.aborted || error instanceof ServiceUnavailableError || !(error instanceof Error)) throw error
          series.problem = error.message.split('\n')[0]
        }
      }
    }
    return { series: made, unavailable: undefined }
  } catch (error) {
    // The other rows need no such server, and count without this one.
    if (!(error instanceof ServiceUnavailableError)) throw error
    return { series: [], unavailable: error.message }
  }

  async function measured(way: Way, name: string): Promise<CarriedOut> {
    // One that is new each time: none has the other's histories in memory.
    const server = await provideTemporal({ own: true, dynamicConfig, log: () => undefined })
    try {
      const url = await databases.create(name)
      try {
        return (await runJob(await jobOf(way, url, server.address), signal)).answer
      } finally {
        await databases.drop(url)
      }
    } finally {
      await server.stop()
    }
  }

  async function jobOf(way: Way, url: string, address: string): Promise<Extract<Job, { kind: 'temporal-commands' | 'bare-workflows' }>> {
    const bare = { kind: 'bare-workflows', url, address, activity: 'activity', inFlight: commands, commands } as const
    switch (way) {
      case temporalWays.bare:
        return bare
      case temporalWays.fewer:
        return { ...bare, inFlight: routed }
      case temporalWays.local:
        return { ...bare, activity: 'local activity' }
      case temporalWays.cairn: {
        const { contextKey } = await migrate({ url, schema })
        await databases.settle(url)
        return { kind: 'temporal-commands', url, schema, contextKey, address, commands, aggregates }
      }
    }
  }
}

/** Undefined where it was not measured, or does not count. */
export function temporalRate({ series }: TemporalResult, way: Way): number | undefined {
  const found = series.find((s) => s.way === way && s.problem === undefined)
  return found === undefined || found.rates.length === 0 ? undefined : median(found.rates)
}
