import { isCairnError, type CairnError } from '@cairn/core'
import { expect } from 'vitest'

/** Waits for the refusal and returns it; fails when the call succeeds, or fails for another reason. */
export async function refusal(code: string, call: Promise<unknown> | (() => Promise<unknown>)): Promise<CairnError> {
  let outcome: unknown
  try {
    outcome = await (typeof call === 'function' ? call() : call)
  } catch (error) {
    if (isCairnError(error, code)) return error
    throw new Error(`Expected ${code}, but another error came: ${String(error)}`, { cause: error })
  }
  throw new Error(`Expected ${code}, but the call succeeded with ${JSON.stringify(outcome)}`)
}

export function upTo(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => i + 1)
}

export function expectAscending(numbers: readonly number[]): void {
  for (let i = 1; i < numbers.length; i++) expect(numbers[i]).toBeGreaterThan(numbers[i - 1] ?? Number.POSITIVE_INFINITY)
}

/** JSON text with sorted keys: two values are equal as JSON exactly when these texts are, keys like __proto__ included. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
}
