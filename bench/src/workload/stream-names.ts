/** Names of the streams that a row seeds before it is measured; each system makes them in its own way. */
export function seededId(n: number): string {
  return `seeded-${n.toString().padStart(6, '0')}`
}

export function tenantName(n: number): string {
  return `tenant-${n.toString().padStart(3, '0')}`
}

/** Never the same number twice in one process: for new streams and for payloads. */
export function counter(): () => number {
  let n = 0
  return () => n++
}
