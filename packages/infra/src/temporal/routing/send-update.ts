import { setTimeout as delay } from 'node:timers/promises'
import {
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client'
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common'
import { isCairnError, uuidv7 } from '@cairn/core'
import { TemporalUnavailableError } from '../errors.ts'
import { closingFailure } from '../workflows/contract.ts'

export interface UpdateTarget {
  readonly workflowId: string
  readonly workflowType: string
  readonly taskQueue: string
  readonly input: unknown
  readonly update: string
}

export interface SendOptions {
  /** How long to try, milliseconds. */
  readonly giveUpAfterMs: number
  /** How long one try may take, milliseconds. */
  readonly tryMs: number
}

/**
 * Update-with-Start, tried until it is answered: while the server cannot be reached with the same update id (the server answers
 * a repetition with the first outcome), and with a new one when the run ended before it answered.
 * @throws TemporalUnavailableError
 */
export async function sendUpdate(client: Client, target: UpdateTarget, args: readonly unknown[], options: SendOptions): Promise<unknown> {
  const started = performance.now()
  let updateId = uuidv7()
  for (let attempt = 1; ; attempt++) {
    const left = options.giveUpAfterMs - (performance.now() - started)
    try {
      return await tryOnce(client, target, updateId, args, Math.max(1, Math.min(options.tryMs, left)))
    } catch (error) {
      const verdict = judge(error)
      const elapsed = performance.now() - started
      const waitMs = verdict === 'run-ended' ? Math.min(10 * attempt, 200) : Math.min(100 * 2 ** Math.min(attempt, 6), 2_000)
      if (verdict === 'refused' || elapsed + waitMs >= options.giveUpAfterMs) {
        throw new TemporalUnavailableError(`${target.update} of workflow ${target.workflowId}`, elapsed, error)
      }
      if (verdict === 'run-ended') updateId = uuidv7()
      await delay(waitMs)
    }
  }
}

function tryOnce(client: Client, target: UpdateTarget, updateId: string, args: readonly unknown[], ms: number): Promise<unknown> {
  const { workflowId, workflowType, taskQueue, input, update } = target
  const startWorkflowOperation = new WithStartWorkflowOperation(workflowType, {
    workflowId,
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    // How long a dead worker holds its workflows up; a batch that takes longer keeps its task by heartbeats.
    workflowTaskTimeout: 5_000,
  })
  return client.withDeadline(Date.now() + ms, () =>
    client.workflow.executeUpdateWithStart(update, { startWorkflowOperation, args: [...args], updateId }),
  )
}

/** away: the same may be asked again. run-ended: it must be asked of the next run. refused: asking again is of no use. */
function judge(error: unknown): 'away' | 'run-ended' | 'refused' {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'away'
  if (error instanceof WorkflowNotFoundError) return 'run-ended'
  if (error instanceof WorkflowUpdateFailedError) {
    // A run that completes or continues as new answers so; the handlers of ours never fail by themselves.
    const { cause } = error
    const byDesign =
      cause instanceof ApplicationFailure && (cause.type === closingFailure || cause.type === 'AcceptedUpdateCompletedWorkflow')
    return byDesign ? 'run-ended' : 'refused'
  }
  const cause = error instanceof ServiceError ? error.cause : error
  if (isGrpcServiceError(cause)) return grpcVerdicts[cause.code] ?? 'away'
  return isCairnError(error) ? 'refused' : 'away'
}

/** By gRPC status; all others may pass. */
const grpcVerdicts: Readonly<Record<number, 'run-ended' | 'refused'>> = {
  3: 'refused', // INVALID_ARGUMENT
  5: 'run-ended', // NOT_FOUND
  7: 'refused', // PERMISSION_DENIED
  12: 'refused', // UNIMPLEMENTED
  16: 'refused', // UNAUTHENTICATED
}
