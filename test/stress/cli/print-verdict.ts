import type { Verdict } from '../support/verdict.ts'

/** A verdict as lines for a person. */
export function verdictLines(name: string, verdict: Verdict): string {
  const { ok, control, ...found } = verdict
  const lines = [`${name}: ${ok ? 'ok' : 'NOT OK'}`, ...fields(found, '  '), '  control (must fail):', ...fields(control, '    ')]
  return lines.join('\n')
}

function fields(values: object, indent: string): string[] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined) return []
    if (typeof value !== 'object' || value === null) return [`${indent}${key}: ${String(value)}`]
    const inside = Object.entries(value)
    const flat = inside.every(([, inner]: [string, unknown]) => typeof inner !== 'object')
    if (flat) return [`${indent}${key}: ${inside.map(([name, inner]) => `${name} ${String(inner)}`).join(', ')}`]
    return [`${indent}${key}:`, ...fields(value, `${indent}  `)]
  })
}
