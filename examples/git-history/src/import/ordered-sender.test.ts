import { BusinessRuleViolation, createCairn, type Dispatched } from '@cairn/cairn'
import * as fc from 'fast-check'
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

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
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

  it('goes on in order behind commands that an earlier run had stored, and stores nothing behind one that failed', async () => {
    const late = fc.nat({ max: 4 })
    const plan = fc.record({
      commands: fc.array(fc.record({ storedBefore: fc.boolean(), goesLate: late, answersLate: late }), { minLength: 1, maxLength: 16 }),
      inFlight: fc.integer({ min: 1, max: 16 }),
      failing: fc.option(fc.nat({ max: 15 }), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ commands, inFlight, failing = Infinity }) => {
        await using app = await createCairn({ domains: [gitHistory], database: 'memory' })
        const sent = commands.map((when, i) => ({ ...when, i, command: contribution(i) }))
        const before = sent.filter(({ storedBefore }) => storedBefore)
        for (const { command } of before) await app.dispatch(command, { tenantId: 't' })
        const slow: HistorySender = {
          dispatch: async (command, options) => {
            const one = sent.find((other) => other.command === command)
            await turns(one?.goesLate ?? 0)
            if (one?.i === failing) throw new BusinessRuleViolation('the database went away')
            const answer = await app.dispatch(command, options)
            await turns(one?.answersLate ?? 0)
            return answer
          },
        }
        let duplicates = 0
        const sender = new OrderedSender({
          app: slow,
          tenantId: 't',
          inFlight,
          answered: ({ duplicate }) => void (duplicates += Number(duplicate)),
        })
        const sendAll = async (): Promise<void> => {
          for (const { command } of sent) {
            await sender.room()
            void sender.send(command)
          }
        }
        await sendAll().catch(() => undefined)
        const end = await sender.idle().then(
          () => `${duplicates} duplicates`,
          (error: Error) => error.message,
        )
        expect(end).toBe(failing < sent.length ? 'the database went away' : `${before.length} duplicates`)
        const after = sent.filter(({ storedBefore, i }) => !storedBefore && i < failing)
        expect(await commitsOf(app, 'ann')).toEqual([...before, ...after].map(({ i }) => String(i)))
      }),
    )
  })

  it('is refused what somebody else wrote meanwhile', async () => {
    await using app = await createCairn({ domains: [gitHistory], database: 'memory' })
    const sender = new OrderedSender({ app, tenantId: 't', inFlight: 50, answered: () => undefined })
    await sender.room()
    await sender.send(contribution(0))
    await app.dispatch(contribution(100), { tenantId: 't' })
    await sender.room()
    await sender.send(contribution(1))
    await expect(sender.idle()).rejects.toMatchObject({ code: 'CAIRN_VERSION_CONFLICT' })
    expect(await commitsOf(app, 'ann')).toEqual(['0', '100'])
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
