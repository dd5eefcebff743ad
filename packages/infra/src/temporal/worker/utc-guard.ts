import { InvalidInputError } from '@cairn/core'

/** Timers and due times are compared across machines and shown in logs: all workers live in one time zone. @throws InvalidInputError */
export function assertUtc(): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  // January and July: a zone may be at UTC for half of the year.
  if ([0, 6].every((month) => new Date(2026, month, 1).getTimezoneOffset() === 0)) return
  throw new InvalidInputError('TZ', `A Temporal worker runs in UTC, but this process is in ${zone}. Start it with TZ=UTC.`)
}
