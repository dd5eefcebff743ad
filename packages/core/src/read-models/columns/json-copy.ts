import { describeValue } from './describe-value.ts'

const maxDepth = 200

/**
 * A frozen copy of a JSON value, as it would come back from JSON: undefined fields are left out. Frozen, because rows are
 * handed to handlers, and one changed behind the buffer's back would be kept and never written.
 * @throws Error saying what JSON cannot hold, and where
 */
export function jsonCopy(value: unknown, path = '', depth = 0): unknown {
  if (typeof value === 'string') return checkedText(value, path)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`holds ${value}${at(path)}, which JSON cannot express`)
    return value + 0
  }
  if (typeof value !== 'object' || !isPlain(value)) {
    throw new Error(`holds ${describeValue(value)}${at(path)}, which JSON cannot express`)
  }
  if (depth === maxDepth) throw new Error(`nests deeper than ${maxDepth} levels, or holds itself`)
  if (Array.isArray(value)) return Object.freeze(value.map((inner: unknown, index) => jsonCopy(inner, `${path}[${index}]`, depth + 1)))
  const copy: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue
    const copied = jsonCopy(inner, path === '' ? key : `${path}.${key}`, depth + 1)
    // An assignment would set the prototype.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: copied, enumerable: true, writable: true, configurable: true })
    else copy[checkedText(key, path)] = copied
  }
  return Object.freeze(copy)
}

function checkedText(text: string, path: string): string {
  const problem = textProblem(text)
  if (problem !== undefined) throw new Error(`${problem}${at(path)}`)
  return text
}

/** Why PostgreSQL could not store a text; undefined when it can. */
export function textProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'holds a NUL character (U+0000), which PostgreSQL cannot store'
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is not valid Unicode'
  return undefined
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

function at(path: string): string {
  return path === '' ? '' : ` at ${path}`
}
