import { createCairn, type Cairn } from '@cairn/cairn'
import { systemTest, systemTestCommands } from '@cairn/testing/system'
import { afterEach, beforeEach, expect, it } from 'vitest'

let app: Cairn<typeof systemTest>
beforeEach(async () => {
  app = await createCairn({ domains: [systemTest], database: 'memory', defaultTenantId: 't' })
})
afterEach(() => app.stop())

const systemTestId = 's-1'

it('logs a message, emits many events in one commit, and hands input back', async () => {
  const logged = await app.dispatch(systemTestCommands.logMessage({ systemTestId, message: 'hello' }))
  expect(logged.events[0]?.payload).toEqual({ message: 'hello', level: 'info' })
  const many = await app.dispatch(systemTestCommands.emitMultipleEvents({ systemTestId, count: 25 }))
  expect(many).toMatchObject({ version: 26, events: { length: 25 } })
  const input = { nested: [1, 'two', null] }
  const executed = await app.dispatch(systemTestCommands.executeTest({ systemTestId, name: 'echo', input }))
  expect(executed.events[0]?.payload).toEqual({ name: 'echo', input, tries: 1 })
})

it('fails when it is told to, at once or after all tries, and leaves nothing', async () => {
  for (const retryable of [false, true]) {
    const failing = app.dispatch(systemTestCommands.simulateFailure({ systemTestId, retryable }))
    await expect(failing).rejects.toMatchObject({ code: 'CAIRN_BUSINESS_RULE', retryable })
  }
  const { commandId } = await app.dispatch(systemTestCommands.simulateFailure({ systemTestId, message: 'no' }), { async: true })
  expect(await app.waitForCommand(commandId)).toMatchObject({ status: 'failed', error: { message: 'no' } })
  expect((await app.events.readAll()).events).toEqual([])
})

it('comes through at the try that was asked for', async () => {
  const { events } = await app.dispatch(systemTestCommands.executeRetryableTest({ systemTestId, name: 'third time', succeedsAt: 3 }))
  expect(events.map(({ payload }) => payload)).toEqual([{ name: 'third time', input: null, tries: 3 }])
})
