/** Arithmetic on decimals of a fixed scale, as values of a column carry them: undefined where the result does not fit. */
export interface Decimal {
  /** The value rounded to the scale, halves away from zero; undefined when it is no decimal or has too many digits. */
  fit(value: unknown): number | string | undefined
  /** The exact sum of two values that fit. */
  add(a: unknown, b: unknown): number | string | undefined
}

/** Up to so many digits, scaled values are whole numbers that a double holds exactly, sums of two included. */
export const maxNumberDigits = 15

/** @param precision digits in all @param scale digits behind the point */
export function decimal(precision: number, scale: number): Decimal {
  return precision <= maxNumberDigits ? numberDecimal(precision, scale) : textDecimal(precision, scale)
}

function numberDecimal(precision: number, scale: number): Decimal {
  const factor = 10 ** scale
  const limit = 10 ** precision
  const scaled = (value: number): number => (value < 0 ? -wholeOf(-value * factor) : wholeOf(value * factor))
  // Division of two exact whole numbers gives the double nearest to the decimal: the one that its text reads as.
  const unscaled = (whole: number): number | undefined => (Math.abs(whole) < limit ? (whole === 0 ? 0 : whole / factor) : undefined)
  return {
    fit: (value) => (typeof value === 'number' && Number.isFinite(value) ? unscaled(scaled(value)) : undefined),
    add: (a, b) => (typeof a === 'number' && typeof b === 'number' ? unscaled(scaled(a) + scaled(b)) : undefined),
  }
}

/**
 * 1.005 times 100 is 100.49999999999999 in binary, and 100.5 to everybody else: the value and the product are each off by half
 * a unit in the last place at the most, which is added. Below 10^15 that moves nothing by as much as a quarter.
 */
function wholeOf(product: number): number {
  return Math.round(product + product * Number.EPSILON)
}

const pattern = /^(-?)(\d+)(?:\.(\d+))?$/

function textDecimal(precision: number, scale: number): Decimal {
  const limit = 10n ** BigInt(precision)
  const scaled = (value: unknown): bigint | undefined => {
    const match = typeof value === 'string' && value.length <= precision * 2 + 2 ? pattern.exec(value) : null
    if (match === null) return undefined
    const [, sign = '', whole = '', fraction = ''] = match
    const kept = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'))
    const rounded = fraction.charCodeAt(scale) >= 0x35 ? kept + 1n : kept
    return sign === '' ? rounded : -rounded
  }
  const unscaled = (whole: bigint | undefined): string | undefined => {
    if (whole === undefined || whole >= limit || whole <= -limit) return undefined
    const digits = (whole < 0n ? -whole : whole).toString().padStart(scale + 1, '0')
    const point = digits.length - scale
    return `${whole < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`
  }
  return {
    fit: (value) => unscaled(scaled(value)),
    add: (a, b) => {
      const [left, right] = [scaled(a), scaled(b)]
      return left === undefined || right === undefined ? undefined : unscaled(left + right)
    },
  }
}
