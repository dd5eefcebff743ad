import { DatabaseUnavailableError, isOutage, StreamBusyError, UnsafeDatabaseError } from '@cairn/core'
import { expect, test } from 'vitest'
import { mayPass } from './may-pass.ts'

test('a database that is away, and a standby in its place, say nothing about a command; a held stream counts as a try', () => {
  const away = new DatabaseUnavailableError('an append', undefined)
  const standby = new UnsafeDatabaseError('This server is a standby.', 'Connect to the primary.')
  const busy = new StreamBusyError({ tenantId: 't', aggregateType: 'thing', aggregateId: '1' }, 1)
  expect([away, standby, busy].map((error) => [isOutage(error), mayPass(error)])).toEqual([
    [true, true],
    [true, true],
    [false, true],
  ])
})
