import { styleText } from 'node:util'
import { readSections } from '../read-side/read-report.ts'
import type { OrderResult } from '../runner/run-order.ts'
import { plainTable } from './plain-table.ts'
import type { JsonRow, Report } from './to-json.ts'

const figure = (value: number | null): string => (value === null ? '–' : value.toLocaleString('en-US'))
const ratio = (value: number | null): string => (value === null ? '–' : `${value.toFixed(2)}x`)

function judged(row: JsonRow, to: 'emmett' | 'evtstore' | 'floor', value: number | null): string {
  const target = row.targets.find((t) => t.to === to)
  if (target === undefined || target.met === null) return ratio(value)
  return styleText(target.met ? 'green' : 'red', ratio(value))
}

/** Operations per second and Cairn's ratios; fits 80 columns. */
export function figuresTable(rows: readonly JsonRow[]): string {
  return plainTable(
    ['row', 'cairn', 'emmett', 'evtstore', 'floor', '/emmett', '/evtstore', '/floor'],
    [1, 2, 3, 4, 5, 6, 7],
    rows.map((row) => [
      row.id,
      figure(row.cairn),
      figure(row.emmett),
      figure(row.evtstore),
      figure(row.floor),
      judged(row, 'emmett', row.toEmmett),
      judged(row, 'evtstore', row.toEvtstore),
      judged(row, 'floor', row.toFloor),
    ]),
  )
}

function missedLines(rows: readonly JsonRow[]): string[] {
  return rows.flatMap((row) =>
    row.targets
      .filter((t) => t.met !== true)
      .map((t) => {
        const value = t.to === 'emmett' ? row.toEmmett : t.to === 'evtstore' ? row.toEvtstore : row.toFloor
        return `  ${row.id}: ${value === null ? 'no figure' : ratio(value)} of ${t.to}, wanted ${t.atLeast}x`
      }),
  )
}

/** How each figure came about: which variant was counted, and how far its rounds lie apart. */
function variantsTable(rows: readonly JsonRow[]): string {
  return plainTable(
    ['row', 'system', 'variant', 'median', 'lowest', 'highest', 'JS µs', 'PG µs', ''],
    [3, 4, 5, 6, 7],
    rows.flatMap((row) =>
      row.series.map((s) => [
        row.id,
        s.system,
        s.variant,
        figure(s.median),
        figure(s.rounds.length === 0 ? null : Math.min(...s.rounds)),
        figure(s.rounds.length === 0 ? null : Math.max(...s.rounds)),
        figure(s.clientMicros),
        figure(s.serverMicros),
        s.problem !== null ? styleText('red', 'not valid') : s.counted ? 'counted' : s.beside ? 'beside' : '',
      ]),
    ),
  )
}

function problemLines(rows: readonly JsonRow[]): string[] {
  return rows.flatMap((row) =>
    row.series.flatMap((s) => (s.problem === null ? [] : [`  ${row.id}, ${s.system} (${s.variant}): ${s.problem.slice(0, 300)}`])),
  )
}

const bad = (n: number): string => styleText(n === 0 ? 'green' : 'red', figure(n))

function orderTable(order: readonly OrderResult[]): string {
  return plainTable(
    ['system', 'stored', 'missed', 'doubled', 'out of order'],
    [1, 2, 3, 4],
    order.map((o) => [`${o.system} (${o.variant})`, figure(o.stored), bad(o.lost), bad(o.doubled), bad(o.inverted)]),
  )
}

export function printReport(report: Report): void {
  const { machine, versions, settings, rows, order, readSide } = report
  const pg = machine.postgres
  const foreign = Math.round(machine.foreignLoad * 100)
  const sections = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${versions['node']}\n` +
      `PostgreSQL ${pg['server_version']}, fsync ${pg['fsync']}, synchronous_commit ${pg['synchronous_commit']}, shared_buffers ${pg['shared_buffers']}\n` +
      `Emmett ${versions['@event-driven-io/emmett-postgresql']}, evtstore ${versions['evtstore']}, pg ${versions['pg']}` +
      (foreign > 10 ? `\nOther programs used ${foreign} % of the processors before the run: these figures are noisy.` : ''),
  ]
  if (rows.length > 0) {
    sections.push(
      `Operations per second, medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s:\n${figuresTable(rows)}`,
      `All that was measured; the µs are processor time per operation:\n${variantsTable(rows)}`,
    )
  }
  const problems = problemLines(rows)
  if (problems.length > 0) sections.push(`Not valid, so not counted:\n${problems.join('\n')}`)
  if (order.length > 0) sections.push(`What a reader of the whole log met while 100 callers wrote:\n${orderTable(order)}`)
  const missed = missedLines(rows)
  if (rows.length > 0) sections.push(missed.length === 0 ? 'Every target of these rows is met.' : `Targets not met:\n${missed.join('\n')}`)
  if (readSide !== undefined) sections.push(...readSections(readSide))
  console.log(`\n${sections.join('\n\n')}`)
}
