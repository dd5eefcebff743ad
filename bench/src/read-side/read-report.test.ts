import { expect, test } from 'vitest'
import { readFailed, readTargets } from './read-report.ts'
import type { BuiltSeries, RebuildResult } from './run-rebuild.ts'

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
