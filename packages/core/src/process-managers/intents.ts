import type { NewCommand } from '../contracts/command.ts'
import { InvalidInputError } from '../errors/input.ts'

/** How long to wait; the parts add up. */
export interface Delay {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

/** A command for later. */
export interface Later {
  readonly kind: 'later'
  readonly command: NewCommand
  readonly delay: Delay
  /** The timer's name in its instance: the same name again replaces the timer, `cancelTimer(name)` ends it. @default the command's type */
  readonly timer: string
}

/** Ends a timer of this instance; nothing happens where there is none. */
export interface CancelTimer {
  readonly kind: 'cancel-timer'
  readonly timer: string
}

/** What a process manager wants: a command now, a command later, a timer ended. */
export type Intent = NewCommand | Later | CancelTimer

/** Sends a command after a delay, counted from the event that is being handled. The timer is durable, and ends with its instance. */
export function after(delay: Delay, command: NewCommand, options: { readonly timer?: string } = {}): Later {
  delayMs(delay)
  return { kind: 'later', command, delay, timer: options.timer ?? command.type }
}

export function cancelTimer(timer: string): CancelTimer {
  return { kind: 'cancel-timer', timer }
}

const unitMs = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000, milliseconds: 1 } as const

/** @throws InvalidInputError when a part is not a number of at least 0, or the parts add up to more than a hundred years */
export function delayMs(delay: Delay): number {
  let sum = 0
  for (const [unit, ms] of Object.entries(unitMs) as [keyof Delay, number][]) {
    const amount = delay[unit] ?? 0
    if (!(amount >= 0) || !Number.isFinite(amount))
      throw new InvalidInputError('delay', `A delay of ${amount} ${unit} cannot be waited for.`)
    sum += amount * ms
  }
  const rounded = Math.round(sum)
  if (rounded > 100 * 365 * unitMs.days) throw new InvalidInputError('delay', `A delay of ${rounded} ms is longer than a hundred years.`)
  return rounded
}
