import type { FaultPoint } from '@cairn/core'

/** Where a process may be struck while it feeds what is live. */
export const livePoints = [
  'lease-taken',
  'batch-read',
  'batch-handled',
  'commit-begun',
  'rows-written',
  'checkpoint-written',
  'committed',
  'event-parked',
  'lease-renewed',
  'lease-released',
] as const satisfies readonly FaultPoint[]
