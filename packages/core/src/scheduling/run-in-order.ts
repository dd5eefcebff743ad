import type { CommandOutcome, LoggerPort, StoredCommand } from '../ports/index.ts'

/** As if it had never been claimed. */
export function returned({ command: { id, tenantId } }: StoredCommand): CommandOutcome {
  return { tenantId, id, status: 'returned', afterMs: 0 }
}

export interface InOrder {
  /** @param behind those that wait for it */
  readonly run: (stored: StoredCommand, behind: readonly StoredCommand[]) => Promise<CommandOutcome>
  /** Once aborted, nothing more is begun. */
  readonly stopping: AbortSignal
  readonly logger: LoggerPort
}

/**
 * Carries out commands of one aggregate, one after another. Behind one that is tried again later, the others wait: they are
 * returned. All outcomes must be settled in one statement: were they not, one that waits could be overtaken.
 */
export async function runInOrder(group: readonly StoredCommand[], { run, stopping, logger }: InOrder): Promise<readonly CommandOutcome[]> {
  const outcomes: CommandOutcome[] = []
  for (const [i, stored] of group.entries()) {
    if (stopping.aborted) return [...outcomes, ...group.slice(i).map(returned)]
    const outcome = await run(stored, group.slice(i + 1))
    outcomes.push(outcome)
    if (outcome.status === 'processed' || outcome.status === 'handed') continue
    const { id, tenantId, type } = stored.command
    const fields = { tenantId, commandId: id, commandType: type, attempts: stored.attempts, ...('error' in outcome ? outcome.error : {}) }
    if (outcome.status === 'failed') {
      logger.info('A stored command failed.', fields)
      continue
    }
    logger.warn('A stored command is tried again later.', { ...fields, afterMs: outcome.afterMs })
    return [...outcomes, ...group.slice(i + 1).map(returned)]
  }
  return outcomes
}
