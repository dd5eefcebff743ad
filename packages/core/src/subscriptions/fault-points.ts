/** Named points of the engine, of commits and of rebuilds, where a test may kill the process, pause it or cut its connection. */
export const faultPoints = [
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
  'generation-created',
  'rebuild-caught-up',
  'rebuild-verified',
  'switch-locked',
  'switch-written',
  'switched',
] as const
export type FaultPoint = (typeof faultPoints)[number]

/** Called at each point; what it throws is thrown there. Production has none. */
export type FaultHook = (point: FaultPoint, details: Readonly<Record<string, unknown>>) => void | Promise<void>

export const noFaults: FaultHook = () => undefined
