import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { duration, plural } from './format.ts'
import { fit, printable } from './printable.ts'
import { ProgressLine } from './progress.ts'
import { table } from './table.ts'

describe('printable', () => {
  it('shows control and direction characters in place of letting them act', () => {
    expect(printable('\x1b[31mred\r\n\u202eevil\u0007')).toBe('\\u001b[31mred\\u000d\\u000a\\u202eevil\\u0007')
    expect(printable('grüße 日本 🪨')).toBe('grüße 日本 🪨')
  })
})

describe('fit', () => {
  it('keeps to the columns of a terminal, wide characters included', () => {
    expect(fit('short', 10)).toBe('short')
    expect(fit('a/very/long/path', 8, 'end')).toBe('…ng/path')
    expect(stringWidth(fit('日本語日本語', 7))).toBeLessThanOrEqual(7)
  })
})

describe('table', () => {
  it('fits the width by shortening the column that gives way', () => {
    const text = table(
      [
        { title: 'file', gives: 'end' },
        { title: 'n', align: 'right' },
      ],
      [
        ['x'.repeat(200), '1'],
        ['y', '22'],
      ],
      60,
    )
    expect(text.split('\n').every((line) => stringWidth(line) <= 60)).toBe(true)
    expect(text).toContain('22')
  })
})

describe('ProgressLine', () => {
  it('gives share, rate over the last seconds and the time left', () => {
    let now = 0
    const line = new ProgressLine(() => now)
    line.render({ commits: 0, total: 1_000, events: 0 })
    now = 1_000
    expect(line.render({ commits: 250, total: 1_000, events: 0 })).toBe('████░░░░░░░░░░░░  25 %  250/1,000 commits  250/s  3.0 s left')
  })

  it('fits 80 columns behind the mark of a step, for histories of millions', () => {
    let now = 0
    const line = new ProgressLine(() => now)
    line.render({ commits: 0, total: 1_400_000, events: 0 })
    now = 5_000
    expect(line.render({ commits: 5_000, total: 1_400_000, events: 0 }).length + 4).toBeLessThanOrEqual(80)
  })
})

describe('words', () => {
  it('are singular and plural, and times short', () => {
    expect([plural(1, 'commit'), plural(1_234, 'commit')]).toEqual(['1 commit', '1,234 commits'])
    expect([0.44, 12.3, 185].map(duration)).toEqual(['0.4 s', '12 s', '3 min 5 s'])
  })
})
