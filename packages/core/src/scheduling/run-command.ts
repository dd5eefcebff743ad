import { isCairnError, isNewer, isOutage } from '../errors/index.ts'
import type { CommandOutcome, StoredCommand } from '../ports/index.ts'
import { commandFailure } from './command-failure.ts'
import type { CommandDispatcher } from './command-worker-options.ts'
import { metLately } from './met-lately.ts'
import { storedResult } from './stored-result.ts'

export interface RunOptions {
  readonly maxAttempts: number
  readonly retryMs: number
  readonly maxRetryMs: number
  /** A command of newer code, or of an aggregate with events of newer code, is left to others for so long from when it was met, milliseconds. */
  readonly unknownTypeGraceMs: number
}

/**
 * Carries a claimed command out, once. Never throws: what became of it is the outcome.
 *
 * @param behind commands of its aggregate that wait for it. Where it is left to others, so are they: were the time of each counted
 * from its own turn, an event of newer code would let its aggregate answer one command in each such time
 */
export async function runCommand(
  bus: CommandDispatcher,
  stored: StoredCommand,
  options: RunOptions,
  behind: readonly StoredCommand[] = [],
): Promise<CommandOutcome> {
  const { command, attempts } = stored
  const { id, tenantId } = command
  try {
    const dispatched = await bus.dispatch(command, { tenantId })
    return { tenantId, id, status: 'processed', result: storedResult(dispatched) }
  } catch (error) {
    const failure = commandFailure(error)
    if (isOutage(error)) return { tenantId, id, status: 'returned', afterMs: options.retryMs }
    if (isNewer(error) && metLately(stored, options.unknownTypeGraceMs)) {
      for (const one of behind) metLately(one, options.unknownTypeGraceMs)
      return { tenantId, id, status: 'returned', afterMs: options.retryMs }
    }
    if (!mayPass(error) || attempts >= options.maxAttempts) return { tenantId, id, status: 'failed', error: failure }
    return { tenantId, id, status: 'retry', error: failure, afterMs: waitOf(attempts, options) }
  }
}

/** A rule of the business that may pass was tried again by the bus, within its limits: what it says then is final. */
function mayPass(error: unknown): boolean {
  return isCairnError(error) && error.retryable && error.code !== 'CAIRN_BUSINESS_RULE'
}

/** Doubling, with jitter: from half of the wait to all of it. */
function waitOf(attempts: number, { retryMs, maxRetryMs }: RunOptions): number {
  return Math.ceil(Math.min(maxRetryMs, retryMs * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2))
}
