import { setTimeout as delay } from 'node:timers/promises'
import { CommandBus } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { expect, test } from 'vitest'
import { journalModel, linesOf, note } from '../../integration/temporal/support/journal.ts'

test('commands dispatched together are decided in the order given, however long middleware holds each of them up', async () => {
  const store = new InMemoryEventStore()
  const bus = new CommandBus({ store, models: [journalModel] })
  let held = 0
  bus.use({
    async process(message, next) {
      // The later, the faster.
      await delay(40 - 2 * held++)
      return next(message)
    },
  })
  const commands = Array.from({ length: 20 }, (_, i) => note('t', 'j', `${i % 5 === 3 ? 'refuse' : 'line'} ${i}`))
  const outcomes = await bus.dispatchAll(commands)
  expect(outcomes.map(({ status }) => status)).toEqual(commands.map((_, i) => (i % 5 === 3 ? 'rejected' : 'fulfilled')))
  expect(await linesOf(store, 't', 'j')).toEqual(commands.flatMap((_, i) => (i % 5 === 3 ? [] : [`line ${i}`])))
})

test('one id twice in a batch is one command', async () => {
  const store = new InMemoryEventStore()
  const bus = new CommandBus({ store, models: [journalModel] })
  bus.use({
    async process(message, next) {
      await delay(1)
      return next(message)
    },
  })
  const command = note('t', 'j', 'once')
  const outcomes = await bus.dispatchAll([command, command])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  expect(await linesOf(store, 't', 'j')).toEqual(['once'])
})
