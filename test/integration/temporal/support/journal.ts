import {
  aggregate,
  BusinessRuleViolation,
  defineCommands,
  defineEvents,
  toAggregateModel,
  uuidv7,
  type Command,
  type EventStorePort,
  type NewCommand,
} from '@cairn/core'
import { z } from 'zod'

export const journalEvents = defineEvents('journal', { noted: z.object({ text: z.string() }) })
export const journalCommands = defineCommands('journal', { note: z.object({ text: z.string() }) })

/** Notes lines, in order, and refuses those that begin with 'refuse'. */
export class Journal extends aggregate(journalEvents, () => ({ lines: 0 })) {
  static readonly handlers = this.handle(journalCommands, {
    note: (journal, { text }) => {
      if (text.startsWith('refuse')) throw new BusinessRuleViolation(`Refused: ${text}`)
      journal.raise('noted', { text })
    },
  })
  static readonly evolve = this.fold({ noted: ({ lines }) => ({ lines: lines + 1 }) })
}

export const journalModel = toAggregateModel(Journal)

export function note(tenantId: string, journalId: string, text: string, id: string = uuidv7()): Command {
  return settle(journalCommands.note({ journalId, text }, { id }), tenantId)
}

/** A command whose tenant and metadata are settled, as it is stored. */
export function settle({ id, type, aggregateType, aggregateId, payload }: NewCommand, tenantId: string): Command {
  return { id, tenantId, type, aggregateType, aggregateId, payload, metadata: { correlationId: id, causationId: id, schemaVersion: 1 } }
}

/** What stands in a journal, in order. */
export async function linesOf(store: EventStorePort, tenantId: string, journalId: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { payload } of store.readStream({ tenantId, aggregateType: 'journal', aggregateId: journalId })) {
    lines.push(z.object({ text: z.string() }).parse(payload).text)
  }
  return lines
}
