const numbers = new Intl.NumberFormat('en')

/** 12,345 */
export function count(value: number): string {
  return numbers.format(value)
}

/** 1 commit, 2 commits */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`
}

/** 0.4 s, 12 s, 3 min 5 s */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** 2015-01-31 */
export function day(iso: string): string {
  return iso.slice(0, 10)
}

/** As git abbreviates it. */
export function shortSha(sha: string): string {
  return sha.slice(0, 10)
}
