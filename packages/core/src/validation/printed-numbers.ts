import { endOfString } from './json-text.ts'

// What stands before a number that is no part of a string; inside of one it may stand too.
const mayHoldExponent = /(?:^|[[,:])-?\d[\d.]*[eE]/
const number = /-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y

/**
 * How many characters a JSON text without spaces grows by where PostgreSQL's jsonb prints its numbers: it knows no exponents, so that
 * 1e308 comes back as 309 digits, and a payload within its limit as one of fifty times the size.
 */
export function addedByExponents(text: string): number {
  if (!mayHoldExponent.test(text)) return 0
  let added = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) i = endOfString(text, i)
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      number.lastIndex = i
      const found = number.exec(text)
      if (found === null) continue
      const [written, whole = '', fraction = '', exponent] = found
      if (exponent !== undefined) added += printedLength(whole, fraction, Number(exponent)) + (c === 0x2d ? 1 : 0) - written.length
      i += written.length - 1
    }
  }
  return added
}

/** Without its sign: every digit before the point, and as many behind it as the exponent leaves. */
function printedLength(whole: string, fraction: string, exponent: number): number {
  const leadingZeros = /^0*/.exec(whole + fraction)?.[0].length ?? 0
  const isZero = leadingZeros === whole.length + fraction.length
  const digitsBefore = isZero ? 1 : Math.max(1, whole.length + exponent - leadingZeros)
  const digitsBehind = Math.max(0, fraction.length - exponent)
  return digitsBefore + (digitsBehind > 0 ? 1 + digitsBehind : 0)
}
