import { HistoryNeeded, stepCommandId, type ProcessInstance, type ProcessManagerDefinition, type RecordedEvent } from '@cairn/core'
import { ApplicationFailure } from '@temporalio/activity'
import type { CommandBatches } from '../command-batches.ts'
import type { ProcessParts } from '../processes.ts'
import type { CairnActivities, EventRef, ProcessKey, StepResult } from '../workflows/contract.ts'
import { mayPass } from './may-pass.ts'
import { failedEvent, loadFor, resultOf, stepOver, type LoadsByEvent, type Steps } from './step-over.ts'

/**
 * Steps an instance over a batch of events, in one transaction: instance, commands and timers. The instance's position decides
 * what is new, so a batch that comes again, after a crash or from another forwarder, changes nothing.
 */
export function stepProcess(parts: ProcessParts, batches: CommandBatches): CairnActivities['cairnStepProcess'] {
  return async (key, refs) => {
    const definition = parts.definitions.find(({ name }) => name === key.processManager)
    if (definition === undefined) throw notHere(`This worker knows no process manager "${key.processManager}".`)
    // What an older one does not react to would be taken for handled.
    assertKnows(definition, { version: Math.max(1, ...refs.map(({ definitionVersion = 1 }) => definitionVersion)), stateVersion: 1 })
    const events: RecordedEvent[] = []
    for (const ref of refs) events.push(await eventOf(parts, key, ref))
    return new InstanceSteps(parts, batches, key, definition).run(events)
  }
}

/** Another worker may know it: a deployment is under way, or the definition was taken away. */
function notHere(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message: `${message} Deploy the newer code here too.`, type: 'CAIRN_UNKNOWN_PROCESS_MANAGER' })
}

/** @throws what may pass, where a newer definition has been at work */
function assertKnows(known: ProcessManagerDefinition, met: Pick<ProcessManagerDefinition, 'version' | 'stateVersion'>): void {
  for (const [field, what] of [
    ['version', 'version'],
    ['stateVersion', 'version of its state'],
  ] as const) {
    if (met[field] > known[field])
      throw notHere(`This worker knows process manager "${known.name}" up to ${what} ${known[field]}, and met ${met[field]}.`)
  }
}

/** More intents than this of one event are left to whoever carries out pending rows. */
const mostIntents = 64
const idsAtOnce = 1_000

class InstanceSteps {
  readonly #parts: ProcessParts
  readonly #batches: CommandBatches
  readonly #key: ProcessKey
  readonly #definition: ProcessManagerDefinition

  constructor(parts: ProcessParts, batches: CommandBatches, key: ProcessKey, definition: ProcessManagerDefinition) {
    this.#parts = parts
    this.#batches = batches
    this.#key = key
    this.#definition = definition
  }

  /** @throws what may pass */
  async run(events: readonly RecordedEvent[]): Promise<StepResult> {
    try {
      return await this.#inOneTransaction(events)
    } catch (error) {
      const [first] = events
      if (first === undefined || mayPass(error)) throw error
      // What one of them led to cannot be stored: a state too large, say. One by one, to find which.
      return events.length === 1 ? { ...(await this.#inOneTransaction([])), failed: failedEvent(first, error) } : this.#oneByOne(events)
    }
  }

  async #oneByOne(events: readonly RecordedEvent[]): Promise<StepResult> {
    let result: StepResult = { timers: [], commands: [], done: false }
    for (const event of events) {
      const next = await this.run([event])
      result = { ...next, commands: [...result.commands, ...next.commands] }
      if (result.failed !== undefined) break
    }
    return result
  }

  /** The instance is locked meanwhile, and a connection held: what reactions load is loaded before, and the steps are made again. */
  async #inOneTransaction(events: readonly RecordedEvent[]): Promise<StepResult> {
    let loads: LoadsByEvent | undefined
    for (;;) {
      const made = await this.#attempt(events, loads)
      if ('result' in made) return made.result
      loads = await loadFor(this.#definition, made.needs, events, this.#parts)
    }
  }

  async #attempt(
    events: readonly RecordedEvent[],
    loads: LoadsByEvent | undefined,
  ): Promise<{ readonly result: StepResult } | { readonly needs: ProcessInstance | undefined }> {
    const made = await this.#parts.transactions.transaction(this.#key, async ({ instances, commands }) => {
      const [stored] = await instances.load([this.#key])
      if (stored !== undefined) assertKnows(this.#definition, stored)
      const steps = this.#stepsOver(stored, events, loads)
      if (steps === undefined) return { needs: stored }
      if (steps.instance !== undefined && steps.instance !== stored) {
        await instances.save([steps.instance])
        await commands.enqueue(
          steps.send.map(({ command, dueAt }) => ({ command, dueAt: dueAt === undefined ? undefined : new Date(dueAt) })),
        )
        // Behind them: a timer may be set and ended within a batch. What is stored is the same, whatever the batches.
        if (steps.cancel.length > 0) await commands.cancel(this.#key.tenantId, steps.cancel)
      }
      return { before: stored?.position ?? 0, result: resultOf(steps) }
    })
    if ('needs' in made) return made
    const { before, result } = made
    const again = events.filter(({ position }) => position <= before)
    if (again.length === 0) return { result }
    return { result: { ...result, commands: [...(await this.#leftOver(again)), ...result.commands] } }
  }

  /** Undefined where something must be loaded first. */
  #stepsOver(stored: ProcessInstance | undefined, events: readonly RecordedEvent[], loads: LoadsByEvent | undefined): Steps | undefined {
    try {
      return stepOver(this.#definition, stored, events, this.#parts, loads)
    } catch (error) {
      // Also where another step came in between, and this one asks for something else now.
      if (error instanceof HistoryNeeded) return undefined
      throw error
    }
  }

  /**
   * Commands of steps that were committed, but whose answer may have been lost: sent by these events, and still waiting. Those of
   * timers are among the instance's timers.
   */
  async #leftOver(events: readonly RecordedEvent[]): Promise<readonly string[]> {
    const ids = events.flatMap(({ id }) => Array.from({ length: mostIntents }, (_, index) => stepCommandId(this.#key, id, index)))
    const left: string[] = []
    for (let from = 0; from < ids.length; from += idsAtOnce) {
      for (const row of await this.#batches.load(this.#key.tenantId, ids.slice(from, from + idsAtOnce))) {
        if (row?.status === 'pending' && row.dueAt === undefined) left.push(row.command.id)
      }
    }
    return left
  }
}

async function eventOf(
  parts: ProcessParts,
  { tenantId }: ProcessKey,
  { aggregateType, aggregateId, version }: EventRef,
): Promise<RecordedEvent> {
  const event = await parts.readEvent({ tenantId, aggregateType, aggregateId }, version)
  if (event === undefined) throw new Error(`Event ${version} of ${tenantId}/${aggregateType}/${aggregateId} is not in the log.`)
  return event
}
