import { DatabaseUnavailableError, isOutage, StatementStoppedError, StreamBusyError, UnsafeDatabaseError } from '@cairn/core'
import { expect, test } from 'vitest'
import { mayPass } from './may-pass.ts'

test('a database that is away, and a standby in its place, say nothing about a command; a held stream and a stopped statement count as tries', () => {
  const away = new DatabaseUnavailableError('an append', undefined)
  const standby = new UnsafeDatabaseError('This server is a standby.', 'Connect to the primary.')
  const busy = new StreamBusyError({ tenantId: 't', aggregateType: 'thing', aggregateId: '1' }, 1)
  const stopped = new StatementStoppedError('a load', '57014', undefined)
  expect([away, standby, busy, stopped].map((error) => [isOutage(error), mayPass(error)])).toEqual([
    [true, true],
    [true, true],
    [false, true],
    [false, true],
  ])
})
