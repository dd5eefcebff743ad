/** The time, for everything that does not take it from the database. */
export interface ClockPort {
  now(): Date
}

export const systemClock: ClockPort = { now: () => new Date() }
