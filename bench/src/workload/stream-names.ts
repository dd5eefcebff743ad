/**
 * Names of the streams that a row seeds before it is measured; each system makes them in its own way.
 * @param set which seeding of the row they are of, see `Contestant.renew`
 */
export function seededId(n: number, set = 0): string {
  return `seeded-${set.toString().padStart(3, '0')}-${n.toString().padStart(6, '0')}`
}

export function tenantName(n: number): string {
  return `tenant-${n.toString().padStart(3, '0')}`
}

/** Never the same number twice in one process: for new streams and for payloads. */
export function counter(): () => number {
  let n = 0
  return () => n++
}
