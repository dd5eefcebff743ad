import { createHash } from 'node:crypto'

/**
 * SHA-256, in lower-case hex, of what a command asks for: type, target and payload. Keys of objects are sorted, so
 * two spellings of one payload agree; the command's id, tenant and metadata are left out.
 */
export function hashCommand(command: {
  readonly type: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: unknown
}): string {
  return createHash('sha256')
    .update(JSON.stringify([command.type, command.aggregateType, command.aggregateId, sorted(command.payload)]))
    .digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  // As JSON.stringify does it: two dates must not both become {}.
  if ('toJSON' in value && typeof value.toJSON === 'function') return sorted(value.toJSON())
  // Entries, not an object: a key named __proto__ or one that looks like a number keeps its place.
  return {
    o: Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([k, v]) => [k, sorted(v)]),
  }
}
