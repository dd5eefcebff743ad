import type { Drift } from '@cairn/core'
import { wrap } from './format.ts'

const remedies: Readonly<Record<Drift['remedy'], string>> = {
  repair: '--repair puts it right',
  rebuild: 'rebuild it',
  drop: 'drop it by hand when nobody needs it',
}

/** One difference on a line or two: where, what, and what puts it right. */
export function describeDrift({ projection, table, column, kind, expected, actual, remedy }: Drift, width: number): string {
  const place = `${table}${column === undefined ? '' : `.${column}`} (${projection})`
  const sides = [expected === undefined ? '' : `expected ${expected}`, actual === undefined ? '' : `found ${actual}`]
  const what = [kind.replaceAll('-', ' '), ...sides.filter((side) => side !== '')].join(', ')
  return wrap(`${place}: ${what}; ${remedies[remedy]}.`, width, '  ')
}
