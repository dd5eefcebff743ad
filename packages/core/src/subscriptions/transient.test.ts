import { expect, test } from 'vitest'
import { TransactionRolledBackError } from '../errors/concurrency.ts'
import { BusinessRuleViolation } from '../errors/domain.ts'
import { DatabaseUnavailableError, StatementStoppedError, UnsafeDatabaseError } from '../errors/infrastructure.ts'
import { isTransient } from './transient.ts'

test('a lost database, and a lock that did not come in time, say nothing about the event, however deep they lie', () => {
  expect(isTransient(new DatabaseUnavailableError('a commit', undefined))).toBe(true)
  expect(isTransient(new TransactionRolledBackError('a commit', undefined))).toBe(true)
  expect(isTransient(new Error('handler', { cause: new Error('inner', { cause: new DatabaseUnavailableError('x', undefined) }) }))).toBe(
    true,
  )
})

test('neither does a standby that a handler’s command met during a failover', () => {
  expect(isTransient(new UnsafeDatabaseError('This is a standby.', 'Wait for its promotion.'))).toBe(true)
})

test('a statement that met its limit may be one that the event asks for', () => {
  expect(isTransient(new StatementStoppedError('a read model', '57014', undefined))).toBe(false)
})

test('what a handler throws does', () => {
  expect(isTransient(new BusinessRuleViolation('no'))).toBe(false)
  expect(isTransient(new Error('broken', { cause: 'text' }))).toBe(false)
  expect(isTransient('text')).toBe(false)
})
