/** The path at which two values differ; undefined when they are alike. An absent key and an undefined one are alike. */
export function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (Object.is(a, b) || (a === 0 && b === 0)) return undefined
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return path
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime() ? undefined : path
  if (a instanceof Map && b instanceof Map) return firstDifference([...a], [...b], path)
  if (a instanceof Set && b instanceof Set) return firstDifference([...a], [...b], path)
  const left = new Map<string, unknown>(Object.entries(a))
  const right = new Map<string, unknown>(Object.entries(b))
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const difference = firstDifference(left.get(key), right.get(key), path === '' ? key : `${path}.${key}`)
    if (difference !== undefined) return difference
  }
  return undefined
}
