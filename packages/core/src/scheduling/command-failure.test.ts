import { expect, test } from 'vitest'
import { BusinessRuleViolation } from '../errors/index.ts'
import { encodePayload } from '../validation/index.ts'
import { commandFailure } from './command-failure.ts'

const circular: Record<string, unknown> = {}
circular['self'] = circular
const deep = JSON.parse(`${'['.repeat(600)}${']'.repeat(600)}`) as unknown

test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
  ['a bigint', { left: 10n }, /could not be stored: .*BigInt/],
  ['a circle', circular, /could not be stored: .*circular/],
  ['a text that is too long', { text: 'x'.repeat(100_000) }, /could not be stored: .*100,0\d\d bytes|could not be stored: .*65.?536/],
  ['too many levels', { deep }, /could not be stored: .*500 levels/],
  ['something that refuses', { toJSON: () => { throw new Error('never') } }, /could not be stored: never/], // prettier-ignore
])('details with %s are left out with the reason, and the rest is kept', (_, details, note) => {
  const failure = commandFailure(new BusinessRuleViolation('Too few are left.', { details }))
  expect(failure).toEqual({
    code: 'CAIRN_BUSINESS_RULE',
    message: 'Too few are left.',
    retryable: false,
    details: { note: expect.stringMatching(note) },
  })
  expect(encodePayload('a failure', failure)).toBeDefined()
})

test('texts that PostgreSQL does not take are mended, in the message and in details', () => {
  const error = new BusinessRuleViolation('cut \ud83d and \0', { details: { text: 'a\0b', list: ['\udc00'] } })
  const failure = commandFailure(error)
  expect(failure).toMatchObject({ message: 'cut \ufffd and \ufffd', details: { text: 'a\ufffdb', list: ['\ufffd'] } })
  expect(encodePayload('a failure', failure)).toBeDefined()
})

test('a message is kept up to a length', () => {
  const { message } = commandFailure(new Error('💥'.repeat(100_000)))
  expect(message.length).toBeLessThan(10_000)
  expect(message.isWellFormed()).toBe(true)
})

test('whatever is thrown is a failure', () => {
  const bare = Object.assign(new Error('bare'), { code: 'CAIRN_BARE', retryable: 'yes', details: undefined })
  expect(commandFailure(bare)).toEqual({ code: 'CAIRN_BARE', message: 'bare', retryable: false })
  const odd = Object.assign(new Error('odd'), { code: 'CAIRN_ODD', retryable: true, details: { toJSON: () => 'text' } })
  expect(commandFailure(odd)).toEqual({ code: 'CAIRN_ODD', message: 'odd', retryable: true, details: { value: 'text' } })
  expect(commandFailure(Object.create(null))).toMatchObject({ code: 'CAIRN_UNEXPECTED', message: expect.stringMatching(/./) })
  expect(commandFailure(undefined)).toMatchObject({ code: 'CAIRN_UNEXPECTED', message: 'undefined' })
})
