import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import { batchAttempts, type CairnActivities } from './contract.ts'

/** Local activities: they write nothing but their result into the history, and cost no round trip through the server. */
export const { cairnExecuteCommands } = proxyLocalActivities<Pick<CairnActivities, 'cairnExecuteCommands'>>({
  startToCloseTimeout: '1 minute',
  localRetryThreshold: '1 minute',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '2s', maximumAttempts: batchAttempts },
})

/** These must happen: they are tried until they do, or until they say that trying is of no use. */
const untilDone = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '30s' } as const

export const { cairnStepProcess, cairnFinishCommand } = proxyLocalActivities<
  Pick<CairnActivities, 'cairnStepProcess' | 'cairnFinishCommand'>
>({ startToCloseTimeout: '1 minute', localRetryThreshold: '10s', retry: untilDone })

/**
 * Not a local one: it waits for entity workflows, whose own local activities need the places (of workflow tasks and of local
 * activities) that it would hold.
 */
export const { cairnRunCommands } = proxyActivities<Pick<CairnActivities, 'cairnRunCommands'>>({
  startToCloseTimeout: '2 minutes',
  // How long a dead worker holds it up.
  heartbeatTimeout: '5s',
  retry: untilDone,
})
