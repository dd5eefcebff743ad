import { createHash } from 'node:crypto'
import { uuidv7 } from '@cairn/core'
import { lineAdded } from '../workload/payload.ts'

export function receipt(): { readonly id: string; readonly hash: Buffer } {
  const id = uuidv7()
  return { id, hash: createHash('sha256').update(id).digest() }
}

/** Ids, payloads, metadata and correlation ids of so many events. */
export function eventColumns(count: number, next: () => number): string[][] {
  const ids = Array.from({ length: count }, () => uuidv7())
  return [
    ids,
    ids.map(() => JSON.stringify(lineAdded(next()))),
    ids.map((id) => JSON.stringify({ correlationId: id, causationId: id, schemaVersion: 1 })),
    ids,
  ]
}
