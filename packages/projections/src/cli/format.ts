const numbers = new Intl.NumberFormat('en')
const compactNumbers = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** 12,345 */
export function count(value: number): string {
  return numbers.format(value)
}

/** 12.3K */
export function compact(value: number): string {
  return compactNumbers.format(value)
}

/** 0.4 s, 12 s, 3 min 5 s, 2 h 10 min */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}

/** Words in lines of at most `width` columns, the indent counted; each line after the first begins with `indent`. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${indent}`)
}

/** At most so many columns; `…` where something was left out. */
export function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** Columns with two spaces between them, numbers to the right, the first as narrow as the width asks. */
export function columns(head: readonly string[], right: ReadonlySet<number>, rows: readonly (readonly string[])[], width: number): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const total = widths.reduce((sum, w) => sum + w, 0) + 2 * (widths.length - 1)
  widths[0] = Math.max(10, (widths[0] ?? 0) - Math.max(0, total - width))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const columnWidth = widths[i] ?? 0
        const text = i === 0 ? fit(cell, columnWidth) : cell
        return right.has(i) ? text.padStart(columnWidth) : text.padEnd(columnWidth)
      })
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}
