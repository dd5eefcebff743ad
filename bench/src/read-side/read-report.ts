import { styleText } from 'node:util'
import { plainTable } from '../report/plain-table.ts'
import { median } from '../runner/statistics.ts'
import type { FanOutResult } from './run-fan-out.ts'
import { asyncRate, asyncWays, type AsyncResult } from './run-async.ts'
import { rateOf, seriesNames, type RebuildResult } from './run-rebuild.ts'
import type { TailResult } from './run-tail.ts'
import { temporalRate, temporalWays, type TemporalResult } from './run-temporal.ts'

export interface ReadSide {
  readonly rebuild?: RebuildResult
  readonly tail?: TailResult
  readonly fanOut?: FanOutResult
  readonly async?: AsyncResult
  readonly temporal?: TemporalResult
}

/** A figure that is held to a limit; null where it does not exist or does not count. */
export interface ReadTarget {
  readonly row: string
  readonly what: string
  readonly figure: number | null
  readonly wanted: string
  readonly met: boolean | null
}

const atLeast = (row: string, what: string, figure: number | undefined, limit: number): ReadTarget =>
  target(row, what, figure, `at least ${limit}`, (n) => n >= limit)
const atMost = (row: string, what: string, figure: number | undefined, limit: number): ReadTarget =>
  target(row, what, figure, `below ${limit}`, (n) => n < limit)

function target(row: string, what: string, figure: number | undefined, wanted: string, holds: (figure: number) => boolean): ReadTarget {
  const counts = figure !== undefined && Number.isFinite(figure)
  return { row, what, figure: counts ? Math.round(figure * 100) / 100 : null, wanted, met: counts ? holds(figure) : null }
}

const over = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : a / b)

export function readTargets({ rebuild, tail, fanOut, async: stored, temporal }: ReadSide): readonly ReadTarget[] {
  const targets: ReadTarget[] = []
  if (rebuild !== undefined) {
    const one = rateOf(rebuild, seriesNames.one)
    const two = rateOf(rebuild, seriesNames.two)
    targets.push(
      atLeast('rebuild', 'to Emmett’s, events/s, better of both', over(better(one, two), rateOf(rebuild, 'emmett')), 50),
      atLeast('rebuild', 'one worker to the SQL statement', over(one, rateOf(rebuild, seriesNames.statement)), 0.4),
      atLeast('rebuild', 'two workers to one', over(two, one), 1),
    )
    const [smallest, ...larger] = rebuild.memory.filter((m) => m.problem === undefined)
    for (const { events, peakMiB } of larger) {
      if (smallest !== undefined && events <= 1_000_000)
        targets.push(atMost('rebuild', `memory at ${events} to that at ${smallest.events}`, peakMiB / smallest.peakMiB, 1.15))
      if (events >= 3_000_000) targets.push(atMost('rebuild', `memory at ${events}, MiB`, peakMiB, 400))
    }
  }
  if (tail !== undefined)
    targets.push(atMost('tail', 'p99 from due to visible, ms', tail.problem === undefined ? tail.visible.p99 : undefined, 50))
  if (fanOut !== undefined) {
    const { one, many, projections } = fanOut
    targets.push(
      atMost('fan-out', `calls with ${projections} to one`, many.calls / one.calls, 1.5),
      atMost('fan-out', `rows of the log with ${projections} to one`, many.rows / one.rows, 1.5),
    )
  }
  if (stored !== undefined) {
    for (const aggregates of new Set(stored.series.map((s) => s.aggregates))) {
      const rate = (way: string): number | undefined => asyncRate(stored, way, aggregates)
      targets.push(
        atLeast(
          'async',
          `${aggregates} aggregates, pg-boss to bare jobs of the same queue`,
          over(rate(asyncWays.boss), rate(asyncWays.bare)),
          0.5,
        ),
      )
    }
  }
  if (temporal !== undefined) {
    const { cairn, bare, fewer } = temporalWays
    const rate = (way: TemporalResult['series'][number]['way']): number | undefined => temporalRate(temporal, way)
    targets.push(
      atLeast('temporal', 'to bare workflows with one activity, better of both', over(rate(cairn), better(rate(bare), rate(fewer))), 5),
    )
  }
  return targets
}

function better(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

const whole = (n: number): string => (Number.isFinite(n) ? Math.round(n).toLocaleString('en-US') : '–')
const tenth = (n: number): string => (Number.isFinite(n) ? n.toFixed(1) : '–')

/** The read side's part of what is printed. */
export function readSections(read: ReadSide): readonly string[] {
  const { rebuild, tail, fanOut, async: stored, temporal } = read
  const sections: string[] = []
  if (rebuild !== undefined) {
    sections.push(
      `Rebuild to ${whole(rebuild.rows)} rows, events per second:\n${plainTable(
        ['way', 'events', 'median', 'lowest', 'highest', 'peak MiB', ''],
        [1, 2, 3, 4, 5],
        rebuild.series.map((s) => [
          s.name,
          whole(s.events),
          whole(median(s.rates)),
          whole(Math.min(...s.rates)),
          whole(Math.max(...s.rates)),
          whole(Math.max(...s.peakMiB)),
          s.problem === undefined ? '' : styleText('red', `not valid: ${s.problem.slice(0, 300)}`),
        ]),
      )}`,
    )
    if (rebuild.memory.length > 0)
      sections.push(
        `Peak memory of a rebuild with one worker:\n${plainTable(
          ['events', 'MiB', ''],
          [0, 1],
          rebuild.memory.map(({ events, peakMiB, problem }) => [whole(events), whole(peakMiB), problem?.slice(0, 300) ?? '']),
        )}`,
      )
  }
  if (tail !== undefined) {
    const line = (what: string, { p50, p99, max }: TailResult['visible']): string[] => [what, tenth(p50), tenth(p99), tenth(max)]
    sections.push(
      `${whole(tail.appends)} appends at ${tail.rate}/s, milliseconds from when each was due:\n${plainTable(
        ['until', 'p50', 'p99', 'max'],
        [1, 2, 3],
        [line('acknowledged', tail.acknowledged), line('row visible', tail.visible)],
      )}${tail.problem === undefined ? '' : `\n${styleText('red', `not valid: ${tail.problem}`)}`}`,
    )
  }
  if (fanOut !== undefined) {
    const { one, many, projections } = fanOut
    const line = (n: number, f: FanOutResult['one']): string[] => [`${n}`, whole(f.events), whole(f.calls), whole(f.rows)]
    sections.push(
      `What was read of the log while it grew:\n${plainTable(
        ['projections', 'events', 'reads', 'rows read'],
        [0, 1, 2, 3],
        [line(1, one), line(projections, many)],
      )}`,
    )
  }
  if (stored !== undefined) {
    sections.push(
      `Stored commands carried out, per second:\n${plainTable(
        ['way', 'aggregates', 'commands', 'median', 'lowest', 'highest', ''],
        [1, 2, 3, 4, 5],
        stored.series.map((s) => [
          s.way,
          whole(s.aggregates),
          whole(s.commands),
          whole(median(s.rates)),
          whole(Math.min(...s.rates)),
          whole(Math.max(...s.rates)),
          s.problem === undefined ? '' : styleText('red', `not valid: ${s.problem}`),
        ]),
      )}`,
    )
  }
  if (temporal !== undefined) {
    sections.push(
      temporal.unavailable === undefined
        ? `Through Temporal, per second:\n${plainTable(
            ['way', 'commands', 'median', 'lowest', 'highest', ''],
            [1, 2, 3, 4],
            temporal.series.map((s) => [
              s.way,
              whole(s.commands),
              whole(median(s.rates)),
              whole(Math.min(...s.rates)),
              whole(Math.max(...s.rates)),
              s.problem === undefined ? '' : styleText('red', `not valid: ${s.problem}`),
            ]),
          )}`
        : styleText('red', `temporal was not measured: ${temporal.unavailable}`),
    )
  }
  const targets = readTargets(read)
  sections.push(
    `Held to:\n${plainTable(
      ['row', 'what', 'figure', 'wanted'],
      [2],
      targets.map((t) => [
        t.row,
        t.what,
        t.figure === null ? '–' : t.met === true ? styleText('green', `${t.figure}`) : styleText('red', `${t.figure}`),
        t.wanted,
      ]),
    )}`,
  )
  return sections
}

/** True when Cairn itself came to wrong rows: no figure excuses that. */
export function readFailed({ rebuild, tail, async: stored, temporal }: ReadSide): boolean {
  return (
    rebuild?.series.some((s) => s.name.startsWith('cairn') && s.problem !== undefined) === true ||
    rebuild?.memory.some((m) => m.problem !== undefined) === true ||
    tail?.problem !== undefined ||
    stored?.series.some((s) => !s.way.startsWith('bare') && s.problem !== undefined) === true ||
    temporal?.series.some((s) => s.way === temporalWays.cairn && s.problem !== undefined) === true
  )
}
