/**
 * Freezes a payload that a schema has just made, all the way down: unlike `deepFreeze` also below what the schema froze itself
 * (`.readonly()`), which is that one level.
 */
export function freezePayload<T>(payload: T): T {
  if (typeof payload !== 'object' || payload === null) return payload
  for (const inner of Object.values(payload)) freezePayload(inner)
  return Object.freeze(payload)
}
