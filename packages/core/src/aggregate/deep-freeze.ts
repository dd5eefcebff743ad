/**
 * Freezes plain objects and arrays all the way down, and stops where something is frozen already: states share structure,
 * so each decision freezes only what is new. Other objects (Map, Date, class instances) are left alone.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) {
    Object.freeze(value)
    for (const inner of value) deepFreeze(inner)
    return value
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}
