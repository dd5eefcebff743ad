import { after, cancelTimer, defineProcessManager, type ProcessManagerDefinition, type RecordedEvent } from '@cairn/core'
import type { ProcessParts } from '@cairn/infra/temporal'
import { journalCommands, journalEvents } from './journal.ts'
import type { Stores } from './temporal-rig.ts'

/** Reacts to the lines of a journal: 'remind' sets a timer, 'enough' ends it, 'copy' writes into another journal, 'end' ends the instance. */
export const reminders = defineProcessManager('reminders', {
  events: [journalEvents],
  initial: (): { copies: number; huge?: string } => ({ copies: 0 }),
})
  .correlate({ 'journal.noted': (event) => (event.aggregateId.endsWith('-copy') ? undefined : event.aggregateId) })
  .on({
    'journal.noted': ({ copies }, { aggregateId: journalId, payload: { text } }) => {
      if (text.startsWith('remind')) {
        const milliseconds = Number(text.slice('remind '.length))
        return [after({ milliseconds }, journalCommands.note({ journalId: `${journalId}-copy`, text: 'reminded' }), { timer: 'reminder' })]
      }
      if (text === 'enough') return [cancelTimer('reminder')]
      if (text === 'broken') throw new Error('This line cannot be handled.')
      if (text === 'unstorable') return { state: { copies, huge: 'x'.repeat(2_000_000) } }
      if (text === 'end') return { done: true }
      if (!text.startsWith('copy')) return undefined
      return {
        state: { copies: copies + 1 },
        send: [journalCommands.note({ journalId: `${journalId}-copy`, text: `${text} ${copies + 1}` })],
      }
    },
  })

/** What the steps of these process managers need, in the database. */
export function processParts({ store, processes }: Stores, definitions: readonly ProcessManagerDefinition[] = [reminders]): ProcessParts {
  return {
    definitions,
    transactions: processes,
    readEvent: async (stream, version) => {
      for await (const event of store.readStream(stream, { fromVersion: version, toVersion: version })) return event
      return undefined
    },
  }
}

/** What the log holds, in order. */
export async function allEvents({ store }: Stores): Promise<readonly RecordedEvent[]> {
  return (await store.readAll({ limit: 1_000 })).events
}
