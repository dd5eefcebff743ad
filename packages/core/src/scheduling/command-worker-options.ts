import type { DispatchOptions, Dispatched } from '../command-bus/index.ts'
import type { Command } from '../contracts/index.ts'
import type { CommandHandlers } from '../command-bus/command-handlers.ts'
import { InvalidInputError } from '../errors/index.ts'
import {
  silentLogger,
  type CommandOutcome,
  type DueCommandsPort,
  type HintsPort,
  type LoggerPort,
  type StoredCommand,
} from '../ports/index.ts'
import type { CommandTypes } from './admit-command.ts'

/** What carries commands out: the command bus. */
export interface CommandDispatcher {
  dispatch(command: Command, options?: DispatchOptions): Promise<Dispatched>
  /** Types that no aggregate handles. @default none */
  readonly handlers?: CommandHandlers | undefined
}

/** Carries claimed commands of one aggregate out by other means than the bus, in order, and says how each ended. Never rejects. */
export type GroupRunner = (group: readonly StoredCommand[]) => Promise<readonly CommandOutcome[]>

/** Points at which a test may stop a worker, as if its process had died there. */
export const commandWorkerFaultPoints = ['claimed', 'dispatched', 'settling', 'settled'] as const
export type CommandWorkerFaultPoint = (typeof commandWorkerFaultPoints)[number]

export interface CommandWorkerOptions {
  readonly due: DueCommandsPort
  readonly bus: CommandDispatcher
  /** Which types this process knows, and how their rows are completed. */
  readonly registry: CommandTypes
  /** Where the commands are not this process's own to carry out. @default the bus, one after another */
  readonly runGroup?: GroupRunner | undefined
  /** Command types beside the registry's and the bus's. @default none */
  readonly types?: readonly string[] | undefined
  /** Nothing is claimed while this rejects. @default always ready */
  readonly ready?: (() => Promise<void>) | undefined
  /** Wakes the worker; it polls as the base. @default none */
  readonly hints?: Pick<HintsPort, 'listen'> | undefined
  readonly logger?: LoggerPort | undefined
  /** What this process is called in lists. @default the pid */
  readonly label?: string | undefined
  /** Aggregates whose commands are carried out at once. @default 32 */
  readonly concurrency?: number | undefined
  /** Commands claimed at once, 1..1,000. @default 256 */
  readonly batchSize?: number | undefined
  /** Due commands are looked for so often even if no hint comes, milliseconds: how late a timer may be. @default 500 */
  readonly pollMs?: number | undefined
  /** A worker that says nothing for so long is dead, and others take what it holds, milliseconds. @default 10_000 */
  readonly leaseMs?: number | undefined
  /** What somebody who is no worker consumed is given back after so long, milliseconds. @default never */
  readonly unownedAfterMs?: number | undefined
  /** Tries of a command that fails for technical reasons, before it fails for good. Outages of the database do not count. @default 10 */
  readonly maxAttempts?: number | undefined
  /** Before the second try, milliseconds; doubles up to `maxRetryMs`. @default 200 */
  readonly retryMs?: number | undefined
  /** @default 60_000 */
  readonly maxRetryMs?: number | undefined
  /**
   * A command of a type that no living worker knows waits so long for one that does, milliseconds: a rolling deploy. So does one of a
   * newer schema than this process knows, or whose aggregate has events of newer code. @default 60_000
   */
  readonly unknownTypeGraceMs?: number | undefined
  /** Tests stop the worker here. @default none */
  readonly faults?: ((point: CommandWorkerFaultPoint) => void | Promise<void>) | undefined
}

export type ResolvedCommandWorkerOptions = {
  readonly [K in keyof CommandWorkerOptions]-?: K extends 'hints' | 'unownedAfterMs' | 'runGroup' | 'ready'
    ? CommandWorkerOptions[K]
    : NonNullable<CommandWorkerOptions[K]>
}

/** Checks the options and fills in defaults. @throws InvalidInputError naming the field */
export function resolveCommandWorkerOptions(options: CommandWorkerOptions): ResolvedCommandWorkerOptions {
  return Object.freeze({
    due: options.due,
    bus: options.bus,
    registry: options.registry,
    runGroup: options.runGroup,
    types: options.types ?? [],
    ready: options.ready,
    hints: options.hints,
    logger: (options.logger ?? silentLogger).child({ component: 'command-worker' }),
    label: options.label ?? `pid ${process.pid}`,
    concurrency: wholeNumber('concurrency', options.concurrency ?? 32, 1),
    batchSize: wholeNumber('batchSize', options.batchSize ?? 256, 1, 1_000),
    pollMs: wholeNumber('pollMs', options.pollMs ?? 500, 1),
    leaseMs: wholeNumber('leaseMs', options.leaseMs ?? 10_000, 10),
    unownedAfterMs: options.unownedAfterMs === undefined ? undefined : wholeNumber('unownedAfterMs', options.unownedAfterMs, 1),
    maxAttempts: wholeNumber('maxAttempts', options.maxAttempts ?? 10, 1),
    retryMs: wholeNumber('retryMs', options.retryMs ?? 200, 1),
    maxRetryMs: wholeNumber('maxRetryMs', options.maxRetryMs ?? 60_000, 1),
    unknownTypeGraceMs: wholeNumber('unknownTypeGraceMs', options.unknownTypeGraceMs ?? 60_000, 0),
    faults: options.faults ?? (() => undefined),
  })
}

function wholeNumber(field: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new InvalidInputError(
    field,
    `${field} must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${max}`}, not ${value}.`,
  )
}
