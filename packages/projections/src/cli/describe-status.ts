import { exitCodes, type ExitCode } from './exit-codes.ts'
import { columns, count, wrap } from './format.ts'
import type { GenerationStatus, ProjectionStatus } from './status.ts'

/** A line per generation, and what holds those that do not go on. */
export function describeStatus(statuses: readonly ProjectionStatus[], width: number): string {
  if (statuses.length === 0) return 'There are no projections.'
  const rows = statuses.flatMap(({ projection, version, generations }) =>
    generations.length === 0
      ? [[projection, `${version}`, 'not built', '', '', '', '']]
      : generations.map((one) => [
          projection,
          versionOf(one, version),
          one.tenant === undefined ? `${one.state} g${one.generation}` : `tenant g${one.generation}`,
          one.runs,
          count(one.checkpoint),
          count(one.lag),
          count(one.parked + one.waiting),
        ]),
  )
  const table = columns(['projection', 'version', 'generation', 'state', 'position', 'lag', 'parked'], new Set([4, 5, 6]), rows, width)
  const failures = statuses.flatMap(({ projection, generations }) =>
    generations.flatMap((one) =>
      one.failure === undefined ? [] : [wrap(`${projection} g${one.generation}: ${one.failure}`, width, '  ')],
    ),
  )
  return [table, ...failures].join('\n')
}

function versionOf({ version, changed }: GenerationStatus, ofCode: number): string {
  if (version !== ofCode) return `${version} (code ${ofCode})`
  return changed ? `${version} (changed)` : `${version}`
}

/** A failed partition is a failure, and a definition that changed under its version; parked events are said by a code of their own. */
export function exitCodeOfStatus(statuses: readonly ProjectionStatus[]): ExitCode {
  const all: readonly GenerationStatus[] = statuses.flatMap(({ generations }) => generations)
  if (all.some((one) => one.runs === 'failed' || one.changed)) return exitCodes.failed
  return all.some((one) => one.parked + one.waiting > 0) ? exitCodes.parked : exitCodes.ok
}
