import {
  CommandBus,
  StreamBusyError,
  UnsafeDatabaseError,
  VersionConflictError,
  type Command,
  type Dispatched,
  type EventStore,
} from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { expect, test } from 'vitest'
import { FailingEventStore } from '../contracts/failing-event-store.ts'
import { journalModel, linesOf, note } from '../../integration/temporal/support/journal.ts'

/** A store whose nth append fails. */
function failingAppends(failing: (n: number) => Error | undefined): { readonly store: EventStore; appends(): number } {
  let appends = 0
  const store = new FailingEventStore(new InMemoryEventStore(), ({ name }) => {
    const error = name.startsWith('append') ? failing(++appends) : undefined
    if (error !== undefined) throw error
  })
  return { store, appends: () => appends }
}

const stream = { tenantId: 't', aggregateType: 'journal', aggregateId: 'j' }
const busy = (): Error => new StreamBusyError(stream, 1)
const lines = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`)
const commands = lines(1, 8).map((text) => note('t', 'j', text))
const statuses = (outcomes: readonly PromiseSettledResult<Dispatched>[]): string =>
  outcomes.map(({ status }) => (status === 'fulfilled' ? '+' : '-')).join('')

test('behind a command whose failure may pass, none of its batch is begun: sent again, they come in order', async () => {
  const { store, appends } = failingAppends((n) => (n === 1 ? busy() : undefined))
  const bus = new CommandBus({ store, models: [journalModel] })
  const outcomes = await bus.dispatchAll(commands)
  expect(statuses(outcomes)).toBe('--------')
  expect(new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined))).size).toBe(1)
  expect(await linesOf(store, 't', 'j')).toEqual([])
  expect(appends()).toBe(1)
  expect(statuses(await bus.dispatchAll(commands))).toBe('++++++++')
  expect(await linesOf(store, 't', 'j')).toEqual(lines(1, 8))
})

test('a standby in the place of the server holds them up, too', async () => {
  const { store } = failingAppends((n) =>
    n === 1 ? new UnsafeDatabaseError('This server is a standby.', 'Connect to the primary.') : undefined,
  )
  const bus = new CommandBus({ store, models: [journalModel] })
  expect(statuses(await bus.dispatchAll(commands))).toBe('--------')
  expect(statuses(await bus.dispatchAll(commands))).toBe('++++++++')
  expect(await linesOf(store, 't', 'j')).toEqual(lines(1, 8))
})

test('two tenants may use one id: neither waits for the other, or fails with it', async () => {
  const { store } = failingAppends((n) => (n === 1 ? busy() : undefined))
  const bus = new CommandBus({ store, models: [journalModel] })
  const second = note('t', 'j', 'line 2')
  const ofOther: Command = { ...note('u', 'j', 'line 1'), id: second.id }
  const [mine, theirs] = await Promise.all([bus.dispatchAll([note('t', 'j', 'line 1'), second]), bus.dispatchAll([ofOther])])
  expect([statuses(mine), statuses(theirs)]).toEqual(['--', '+'])
})

test('what was stored before it stays; the groups behind it are not begun', async () => {
  const { store } = failingAppends((n) => (n === 2 ? busy() : undefined))
  const bus = new CommandBus({ store, models: [journalModel], maxGroupCommands: 3 })
  const outcomes = statuses(await bus.dispatchAll(commands))
  expect(outcomes).toMatch(/^\+{1,3}-+$/)
  expect(await linesOf(store, 't', 'j')).toEqual(lines(1, outcomes.lastIndexOf('+') + 1))
  expect(statuses(await bus.dispatchAll(commands))).toBe('++++++++')
  expect(await linesOf(store, 't', 'j')).toEqual(lines(1, 8))
})

test('conflicts that outlast the tries hold up those behind them, too', async () => {
  const { store } = failingAppends((n) => (n <= 2 ? new VersionConflictError(stream, 0, 1) : undefined))
  const bus = new CommandBus({ store, models: [journalModel], maxAttempts: 2, backoff: async () => undefined })
  expect(statuses(await bus.dispatchAll(commands))).toBe('--------')
  expect(await linesOf(store, 't', 'j')).toEqual([])
})

test('so does a failure of a middleware; a refusal, another aggregate, and who is not of the batch go on', async () => {
  const store = new InMemoryEventStore()
  const bus = new CommandBus({ store, models: [journalModel] })
  const [first, second, third] = [note('t', 'j', 'line 1'), note('t', 'j', 'line 2'), note('t', 'j', 'line 3')]
  let failing = true
  bus.use({
    process(message, next) {
      if (failing && message.command.id === second.id) return Promise.reject(busy())
      return next(message)
    },
  })
  const batch = [note('t', 'j', 'refuse'), first, second, third, note('t', 'k', 'other')]
  const [outcomes, alone] = await Promise.all([bus.dispatchAll(batch), bus.dispatch(note('t', 'j', 'alone'))])
  expect(statuses(outcomes)).toBe('-+--+')
  expect(alone.duplicate).toBe(false)
  failing = false
  expect(statuses(await bus.dispatchAll(batch))).toBe('-++++')
  expect((await linesOf(store, 't', 'j')).filter((text) => text !== 'alone')).toEqual(lines(1, 3))
})

test('commands that no aggregate handles are held up as well', async () => {
  const bus = new CommandBus({ store: new InMemoryEventStore(), models: [] })
  const handled: string[] = []
  bus.register<Command>({
    types: ['journal.note'],
    supports: (command): command is Command => command.type.startsWith('journal'),
    async handle({ id }) {
      handled.push(id)
      if (handled.length === 1) throw busy()
    },
  })
  expect(statuses(await bus.dispatchAll(commands))).toBe('--------')
  expect(handled).toEqual([commands[0]?.id])
})
