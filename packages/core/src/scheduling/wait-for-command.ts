import { CommandWaitTimeoutError } from '../errors/index.ts'
import type { CommandStorePort, HintsPort, StoredCommand } from '../ports/index.ts'
import { Wake } from '../subscriptions/wake.ts'

export interface WaitForCommandOptions {
  /** Milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** Looks so often, milliseconds; more seldom after a while. @default 20, growing to 250 */
  readonly pollMs?: number | undefined
  /** Looks as soon as something may be new. @default none */
  readonly hints?: Pick<HintsPort, 'listen'> | undefined
  /** Ends the wait with its reason. @default none */
  readonly signal?: AbortSignal | undefined
}

/**
 * The row of a stored command once it has ended: `processed` with its result, or `failed` with its error.
 * @throws CommandWaitTimeoutError naming the status it had; the command goes on by itself
 * @throws the signal's reason
 */
export async function waitForCommand(
  commands: Pick<CommandStorePort, 'getById'>,
  tenantId: string,
  id: string,
  { timeoutMs = 10_000, pollMs = 20, hints, signal }: WaitForCommandOptions = {},
): Promise<StoredCommand> {
  const deadline = performance.now() + timeoutMs
  const wake = new Wake()
  const ring = (): void => wake.ring()
  const unlisten = hints?.listen(ring)
  signal?.addEventListener('abort', ring)
  try {
    for (let wait = pollMs; ; wait = Math.min(wait * 1.5, 250)) {
      signal?.throwIfAborted()
      const stored = await commands.getById(tenantId, id)
      if (stored?.status === 'processed' || stored?.status === 'failed') return stored
      const left = deadline - performance.now()
      if (left <= 0) throw new CommandWaitTimeoutError(tenantId, id, stored?.status, timeoutMs)
      await wake.wait(Math.min(wait, left))
    }
  } finally {
    unlisten?.()
    signal?.removeEventListener('abort', ring)
  }
}
