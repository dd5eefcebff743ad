import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { closingFailure, executeUpdate, type CommandAnswer, type EntityInput } from './contract.ts'
import { cairnExecuteCommands } from './activities.ts'
import { Serial } from './serial.ts'

const execute = defineUpdate<readonly CommandAnswer[], [commandIds: readonly string[]]>(executeUpdate)

/**
 * One aggregate: its batches of commands one after another, each in one local activity. It keeps no state, for the log and the
 * rows of the commands are the state; so it may complete at any time that nothing is under way.
 */
export async function cairnEntity(input: EntityInput): Promise<void> {
  const serial = new Serial()
  let served = 0
  let closing = false
  setHandler(
    execute,
    (commandIds) => {
      served++
      return serial.run(() => answers(input.tenantId, commandIds))
    },
    {
      // Many senders could keep some handler busy forever, and the history would grow without end.
      validator: (_commandIds: readonly string[]) => {
        if (closing) throw ApplicationFailure.nonRetryable('This run takes no more; the next one does.', closingFailure)
      },
    },
  )
  const isFull = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength >= input.maxHistoryEvents
  for (;;) {
    const before = served
    if (await condition(isFull, input.idleMs)) {
      closing = true
      await condition(allHandlersFinished)
      await continueAsNew<typeof cairnEntity>(input)
    }
    if (served === before && allHandlersFinished()) return
  }
}

async function answers(tenantId: string, commandIds: readonly string[]): Promise<readonly CommandAnswer[]> {
  try {
    return await cairnExecuteCommands(tenantId, commandIds)
  } catch (error) {
    const message = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)
    return commandIds.map(() => ({ status: 'pending', error: { code: 'CAIRN_UNEXPECTED', message } }))
  }
}
