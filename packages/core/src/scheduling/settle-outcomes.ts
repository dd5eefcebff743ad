import { isCairnError } from '../errors/index.ts'
import type { CommandOutcome, DueCommandsPort, LoggerPort } from '../ports/index.ts'
import { isTransient } from '../subscriptions/transient.ts'
import { failureWithoutDetails } from './command-failure.ts'

export interface Unsettled {
  /** Those that could not be written, in their order. */
  readonly left: readonly CommandOutcome[]
  readonly error: unknown
}

/**
 * Writes outcomes down, in one statement as a rule. Where the store does not take one of them, each is written by itself, and the one
 * is written without what the store cannot keep: a command took effect, or failed, whatever becomes of its result or details.
 * Nothing is overtaken meanwhile, because what is not written yet holds its aggregate.
 *
 * Never rejects: what could not be written is answered.
 */
export async function settleOutcomes(
  due: Pick<DueCommandsPort, 'settle'>,
  workerId: string,
  outcomes: readonly CommandOutcome[],
  logger: Pick<LoggerPort, 'warn'>,
): Promise<Unsettled | undefined> {
  const settle = async (some: readonly CommandOutcome[]): Promise<{ readonly error: unknown } | undefined> => {
    try {
      await due.settle(workerId, some)
      return undefined
    } catch (error) {
      return { error }
    }
  }
  const all = await settle(outcomes)
  if (all === undefined) return undefined
  if (isTransient(all.error)) return { left: outcomes, error: all.error }
  const left: CommandOutcome[] = []
  let error: unknown
  for (const [i, outcome] of outcomes.entries()) {
    let refused = await settle([outcome])
    if (refused !== undefined && !mayPass(refused.error)) {
      const { tenantId, id } = outcome
      const fields = { tenantId, commandId: id, status: outcome.status, error: refused.error }
      refused = await settle([bareOutcome(outcome, refused.error)])
      if (refused === undefined) logger.warn('The outcome of a command was stored without what cannot be stored.', fields)
    }
    if (refused === undefined) continue
    error = refused.error
    if (isTransient(error)) return { left: [...left, ...outcomes.slice(i)], error }
    left.push(outcome)
  }
  return left.length === 0 ? undefined : { left, error }
}

/** True where it was not what is to be written that the store failed at. */
function mayPass(error: unknown): boolean {
  return isTransient(error) || isCairnError(error, 'CAIRN_STATEMENT_STOPPED')
}

/** What every store takes. */
function bareOutcome(outcome: CommandOutcome, reason: unknown): CommandOutcome {
  if (outcome.status === 'processed') return { ...outcome, result: undefined }
  return 'error' in outcome ? { ...outcome, error: failureWithoutDetails(outcome.error, reason) } : outcome
}
