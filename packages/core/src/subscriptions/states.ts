/**
 * new: stored, never run. catching-up: behind the head. live: at the head. paused: stopped by an operator. retrying: an event
 * fails and is tried again. failed: stopped by a failure, until resumed or reset. detached: in the database, no longer in any
 * code that runs. rebuilding: a generation that is built beside the live one. retired: ended; kept for a rollback.
 */
export const subscriptionStates = [
  'new',
  'catching-up',
  'live',
  'paused',
  'retrying',
  'failed',
  'detached',
  'rebuilding',
  'retired',
] as const
export type SubscriptionState = (typeof subscriptionStates)[number]

/** The moves that a state may make. db/functions holds the same table, and a test compares them. */
export const subscriptionMoves: Readonly<Record<SubscriptionState, readonly SubscriptionState[]>> = {
  new: ['catching-up', 'live', 'paused', 'retrying', 'failed', 'detached', 'rebuilding', 'retired'],
  'catching-up': ['live', 'paused', 'retrying', 'failed', 'detached', 'retired'],
  live: ['catching-up', 'paused', 'retrying', 'failed', 'detached', 'retired'],
  paused: ['new', 'catching-up', 'rebuilding', 'detached', 'retired'],
  retrying: ['catching-up', 'live', 'paused', 'failed', 'detached', 'retired', 'rebuilding'],
  failed: ['catching-up', 'rebuilding', 'paused', 'detached', 'retired'],
  detached: ['catching-up', 'paused', 'retired'],
  rebuilding: ['catching-up', 'live', 'paused', 'failed', 'retrying', 'detached', 'retired'],
  retired: ['catching-up', 'detached'],
}

/** States in which the holder of a lease goes on. */
export const runningStates: readonly SubscriptionState[] = ['new', 'catching-up', 'live', 'retrying', 'rebuilding']

export function mayMove(from: SubscriptionState, to: SubscriptionState): boolean {
  return subscriptionMoves[from].includes(to)
}
