import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { closingFailure, deliverUpdate, type DeliverAnswer, type EventRef, type HeldTimer, type ProcessInput } from './contract.ts'
import { cairnRunCommands, cairnStepProcess } from './activities.ts'
import { Serial } from './serial.ts'

const deliver = defineUpdate<DeliverAnswer, [events: readonly EventRef[]]>(deliverUpdate)

/**
 * One instance of any process manager. The definition runs in the step's activity, and its state is in the database; here are
 * only the timers, and the commands that were sent and have not ended. So this code is the same for every definition and every
 * version of one, and a change of a process manager cannot break a run.
 */
export async function cairnProcess(input: ProcessInput): Promise<void> {
  const { idleMs, maxHistoryEvents, held, ...key } = input
  const serial = new Serial()
  let timers: readonly HeldTimer[] = held?.timers ?? []
  let commands: readonly string[] = held?.commands ?? []
  let done = held?.done ?? false
  let fired: ReadonlySet<string> = new Set()
  let changes = 0
  let closing = false

  const stepOver = async (events: readonly EventRef[]): Promise<DeliverAnswer> => {
    const result = await cairnStepProcess(key, events)
    timers = result.timers.filter(({ commandId }) => !fired.has(commandId))
    fired = new Set(result.timers.map(({ commandId }) => commandId).filter((id) => fired.has(id)))
    commands = [...commands, ...result.commands]
    done = result.done
    changes++
    return result.failed === undefined ? {} : { failed: result.failed }
  }
  setHandler(deliver, (events) => serial.run(() => stepOver(events)), {
    validator: (_events: readonly EventRef[]) => {
      if (closing) throw ApplicationFailure.nonRetryable('This run takes no more; the next one does.', closingFailure)
    },
  })

  const isFull = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength >= maxHistoryEvents
  for (;;) {
    const due = timers.filter(({ dueAt }) => dueAt <= Date.now()).map(({ commandId }) => commandId)
    if (due.length > 0) {
      timers = timers.filter(({ commandId }) => !due.includes(commandId))
      fired = new Set([...fired, ...due])
      commands = [...commands, ...due]
    }
    if (commands.length > 0) {
      const run = commands
      await cairnRunCommands(key.tenantId, run)
      commands = commands.slice(run.length)
      continue
    }
    if (isFull()) {
      closing = true
      await condition(allHandlersFinished)
      await continueAsNew<typeof cairnProcess>({ ...input, held: { timers, commands, done } })
    }
    if (done && timers.length === 0 && allHandlersFinished()) return
    const before = changes
    const next = Math.min(...timers.map(({ dueAt }) => dueAt))
    const waitMs = timers.length === 0 ? idleMs : Math.max(1, next - Date.now())
    const woken = await condition(() => changes !== before || isFull(), waitMs)
    if (!woken && timers.length === 0 && commands.length === 0 && changes === before && allHandlersFinished()) return
  }
}
