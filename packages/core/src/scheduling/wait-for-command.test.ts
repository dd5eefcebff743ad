import { expect, test } from 'vitest'
import { CommandWaitTimeoutError } from '../errors/index.ts'
import type { CommandStatus, StoredCommand } from '../ports/index.ts'
import { waitForCommand } from './wait-for-command.ts'

const id = '018f4e1c-7b1a-7c3e-8000-000000000001'

/** A store whose command is in these statuses, one after another; the last one stays. */
function storeOf(...statuses: readonly (CommandStatus | undefined)[]) {
  let asked = 0
  return {
    async getById(): Promise<StoredCommand | undefined> {
      const status = statuses[Math.min(asked++, statuses.length - 1)]
      const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
      const command = { id, tenantId: 't', type: 'a.b', aggregateType: 'a', aggregateId: '1', payload: {}, metadata }
      const at = new Date(0)
      return status && { command, status, attempts: 1, result: undefined, error: undefined, dueAt: undefined, createdAt: at, updatedAt: at }
    },
  }
}

const wait = (status: CommandStatus | undefined) => waitForCommand(storeOf(status), 't', id, { timeoutMs: 10, pollMs: 1 })

test.each(['processed', 'failed'] as const)('the row comes back once it is %s', async (status) => {
  expect(await waitForCommand(storeOf('pending', 'consumed', status), 't', id, { pollMs: 1 })).toMatchObject({ status })
})

test('whose time is over learns how the command stands', async () => {
  await expect(wait('consumed')).rejects.toBeInstanceOf(CommandWaitTimeoutError)
  await expect(wait('consumed')).rejects.toThrow(/had not ended after 10 ms: it is consumed/)
  await expect(wait(undefined)).rejects.toThrow(/it is not stored/)
})
