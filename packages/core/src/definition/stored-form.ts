/**
 * A value as it comes back from JSON: without fields that are undefined, and with 0 for -0. What is decided on a new event is then
 * what a replay sees. Values that are so already are returned as they are. An undefined element of an array is left for
 * `encodePayload` to refuse.
 */
export function storedForm(value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  let changed = false
  for (const entry of entries) {
    const [, inner] = entry
    entry[1] = storedForm(inner)
    changed ||= !Object.is(entry[1], inner) || (inner === undefined && !Array.isArray(value))
  }
  if (!changed) return value
  if (Array.isArray(value)) return entries.map(([, inner]) => inner)
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined))
}
