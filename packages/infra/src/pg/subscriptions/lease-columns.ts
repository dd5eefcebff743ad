import type { Lease } from '@cairn/core'
import { plainArray, textArray } from '../connection/array-literal.ts'

/** Leases as aligned array literals. */
export interface LeaseColumns {
  readonly names: string
  readonly generations: string
  readonly partitions: string
  readonly owners: string
  readonly fences: string
}

export function leaseColumns(leases: readonly Lease[]): LeaseColumns {
  return {
    names: textArray(leases.map((lease) => lease.key.name)),
    generations: plainArray(leases.map((lease) => lease.key.generation)),
    partitions: plainArray(leases.map((lease) => lease.partition)),
    owners: textArray(leases.map((lease) => lease.owner)),
    fences: plainArray(leases.map((lease) => lease.fence)),
  }
}
