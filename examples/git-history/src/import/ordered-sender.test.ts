import { BusinessRuleViolation, createCairn, type Dispatched } from '@cairn/cairn'
import { describe, expect, it } from 'vitest'
import { contributorCommands, gitHistory } from '../domain/index.ts'
import type { HistoryApp, HistoryCommand } from './history-app.ts'
import { OrderedSender, type HistorySender } from './ordered-sender.ts'

function contribution(number: number, who = 'ann'): HistoryCommand {
  return contributorCommands.contribute({
    contributorId: who,
    commit: String(number),
    parents: [],
    at: '2020-01-01T00:00:00.000Z',
    name: who,
    email: who,
    subject: '',
    files: 0,
    linesAdded: 0,
    linesDeleted: 0,
  })
}

async function commitsOf(app: HistoryApp, who: string): Promise<string[]> {
  const commits: string[] = []
  const stream = { tenantId: 't', aggregateType: 'contributor', aggregateId: who } as const
  for await (const event of app.events.read(stream)) commits.push(event.payload.commit)
  return commits
}

/** An app whose answers come late, and one of whose commands fails on its way. */
function shaky(app: HistoryApp, failing: string): HistorySender {
  return {
    dispatch: async (command, options) => {
      await new Promise((resolve) => setImmediate(resolve))
      if ((command.payload as { commit: string }).commit === failing) throw new BusinessRuleViolation('the database went away')
      return app.dispatch(command, options)
    },
  }
}

describe('OrderedSender', () => {
  it('stores nothing behind a command that failed, although the next ones were on their way', async () => {
    await using app = await createCairn({ domains: [gitHistory], database: 'memory' })
    const sender = new OrderedSender({ app: shaky(app, '7'), tenantId: 't', inFlight: 50, answered: () => undefined })
    for (let i = 0; i < 20; i++) {
      await sender.room()
      void sender.send(contribution(i))
    }
    await expect(sender.idle()).rejects.toThrow('the database went away')
    expect(await commitsOf(app, 'ann')).toEqual(['0', '1', '2', '3', '4', '5', '6'])
    await expect(sender.room()).rejects.toThrow('the database went away')
  })

  it('holds back when too many are on their way', async () => {
    let open = 0
    let most = 0
    const app: HistorySender = {
      dispatch: async () => {
        most = Math.max(most, ++open)
        await new Promise((resolve) => setImmediate(resolve))
        open--
        return { aggregateId: '', events: [], version: 1, position: 1, duplicate: false } satisfies Dispatched
      },
    }
    const sender = new OrderedSender({ app, tenantId: 't', inFlight: 5, answered: () => undefined })
    for (let i = 0; i < 40; i++) {
      await sender.room()
      void sender.send(contribution(i, `who-${i}`))
    }
    await sender.idle()
    expect(most).toBe(5)
  })
})
