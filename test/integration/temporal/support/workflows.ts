import { ApplicationFailure, condition, defineSignal, setHandler, sleep, workflowInfo } from '@temporalio/workflow'
import type { Command } from '@cairn/core'

// A user's own workflows stand beside Cairn's in one module.
export * from '@cairn/infra/temporal/workflows'

const approve = defineSignal<[by: string]>('approve')

/** Waits for somebody's approval. */
export async function approval(command: Command): Promise<{ readonly by: string; readonly command: string }> {
  let by = ''
  setHandler(approve, (name) => {
    by = name
  })
  await condition(() => by !== '')
  return { by, command: command.id }
}

export async function failing(command: Command): Promise<void> {
  await sleep(10)
  throw ApplicationFailure.nonRetryable(`${workflowInfo().workflowType} of ${command.id} failed.`)
}
