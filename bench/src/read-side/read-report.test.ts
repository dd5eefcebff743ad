import { expect, test } from 'vitest'
import { readFailed, readSections, readTargets } from './read-report.ts'
import type { BuiltSeries, RebuildResult } from './run-rebuild.ts'
import { temporalWays, type TemporalResult } from './run-temporal.ts'

const series = (name: string, rates: number[], problem?: string): BuiltSeries => ({ name, events: 1, rates, peakMiB: [1], problem })

const rebuild = (problem?: string): RebuildResult => ({
  rows: 1,
  series: [
    series('cairn, 1 worker', [100, 300], problem),
    series('cairn, 2 workers', [180]),
    series('one SQL statement', [500]),
    series('emmett, batches of 100', [4]),
  ],
  memory: [
    { events: 200_000, peakMiB: 200, problem: undefined },
    { events: 1_000_000, peakMiB: 240, problem: undefined },
    { events: 3_000_000, peakMiB: 390, problem: undefined },
  ],
})

test('ratios are of medians, and memory is held to that of the smallest log and to a limit', () => {
  expect(readTargets({ rebuild: rebuild() }).map(({ figure, met }) => [figure, met])).toEqual([
    [50, true],
    [0.4, true],
    [0.9, false],
    [1.2, false],
    [390, true],
  ])
})

test('a series that is not valid is compared with nothing, and fails the run when it is Cairn’s', () => {
  const read = { rebuild: rebuild('rows differ') }
  expect(readTargets(read).map(({ figure }) => figure)).toEqual([45, null, null, 1.2, 390])
  expect([readFailed(read), readFailed({ rebuild: rebuild() })]).toEqual([true, false])
})

const through = (way: TemporalResult['series'][number]['way'], rates: number[], problem?: string) => ({ way, commands: 1, rates, problem })

function temporal(cairnProblem?: string, bareProblem?: string): TemporalResult {
  const { cairn, bare, fewer, local } = temporalWays
  const all = [
    through(cairn, [400, 500, 900], cairnProblem),
    through(bare, [50], bareProblem),
    through(fewer, [100], bareProblem),
    through(local, [200]),
  ]
  return { series: all, unavailable: undefined }
}

test('Temporal is held to the better of the bare workflows with one activity', () => {
  expect(readTargets({ temporal: temporal() }).map(({ figure, met }) => [figure, met])).toEqual([[5, true]])
})

test('commands through Temporal that are not all there count for nothing and fail the run; bare workflows do not', () => {
  const [lost, bare] = [{ temporal: temporal('1 of 2') }, { temporal: temporal(undefined, '1 of 2') }]
  expect([lost, bare].map((read) => readTargets(read).map(({ figure }) => figure))).toEqual([[null], [null]])
  expect([readFailed(lost), readFailed(bare)]).toEqual([true, false])
})

test('without a Temporal server its row says so, and the run goes on', () => {
  const read = { temporal: { series: [], unavailable: 'there is none' } }
  expect([readTargets(read).map(({ met }) => met), readFailed(read)]).toEqual([[null], false])
  expect(readSections(read)[0]).toContain('there is none')
})
