import { styleText } from 'node:util'
import Table from 'cli-table3'
import stringWidth from 'string-width'
import { fit } from './printable.ts'

export interface Column {
  readonly title: string
  /** @default 'left' */
  readonly align?: 'left' | 'right'
  /** One column may give way when the table is too wide; which end of its text stays? */
  readonly gives?: 'start' | 'end'
}

/** A table that fits the terminal: no rules, two spaces between columns, a quiet head. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  const widths = columns.map(({ title }, i) => Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[i] ?? ''))))
  const total = indent + widths.reduce((sum, w) => sum + w, 0) + gap * (columns.length - 1)
  const flexible = columns.findIndex((column) => column.gives !== undefined)
  const room = Math.max(8, (widths[flexible] ?? 0) - Math.max(0, total - width))
  const keep = columns[flexible]?.gives ?? 'start'
  const shown = new Table({
    head: columns.map(({ title }) => styleText('dim', title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: { ...noRules, left: ' '.repeat(indent), middle: ' '.repeat(gap) },
  })
  for (const row of rows) shown.push(row.map((cell, i) => (i === flexible ? fit(cell, room, keep) : cell)))
  return shown
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

const indent = 2
const gap = 2
const noRules = Object.fromEntries(
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left-mid mid mid-mid right right-mid'
    .split(' ')
    .map((name) => [name, '']),
)
