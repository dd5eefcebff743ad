import { expect, test } from 'vitest'
import { DatabaseUnavailableError, StatementStoppedError } from '../errors/index.ts'
import { silentLogger, type CommandOutcome } from '../ports/index.ts'
import { settleOutcomes } from './settle-outcomes.ts'

const processed = (id: string, result: unknown = { version: 1 }): CommandOutcome => ({ tenantId: 't', id, status: 'processed', result })
const failed = (id: string, details: Readonly<Record<string, unknown>>): CommandOutcome => ({
  tenantId: 't',
  id,
  status: 'failed',
  error: { code: 'CAIRN_BUSINESS_RULE', message: 'No.', retryable: false, details },
})

/** Writes outcomes as a store does: as JSON, all of a call or none. */
function store(refuse: (outcomes: readonly CommandOutcome[]) => Error | undefined = () => undefined) {
  const written: CommandOutcome[] = []
  const calls: number[] = []
  return {
    written,
    calls,
    async settle(_: string, outcomes: readonly CommandOutcome[]): Promise<void> {
      calls.push(outcomes.length)
      const error = refuse(outcomes)
      if (error !== undefined) throw error
      written.push(...outcomes.map((outcome) => JSON.parse(JSON.stringify(outcome)) as CommandOutcome))
    },
  }
}

test('all are written in one call where all can be', async () => {
  const due = store()
  expect(await settleOutcomes(due, 'w', [processed('1'), processed('2')], silentLogger)).toBeUndefined()
  expect(due.calls).toEqual([2])
})

test('one that cannot be written ends without what cannot, and the others as they are', async () => {
  const due = store()
  const warnings: unknown[] = []
  const logger = { ...silentLogger, warn: (_: string, fields?: unknown) => void warnings.push(fields) }
  const outcomes = [failed('1', { left: 10n }), processed('2'), processed('3', { large: 1n }), failed('4', { left: 4 })]
  expect(await settleOutcomes(due, 'w', outcomes, logger)).toBeUndefined()
  expect(due.written).toEqual([
    {
      ...failed('1', {}),
      error: {
        code: 'CAIRN_BUSINESS_RULE',
        message: 'No.',
        retryable: false,
        details: { note: expect.stringMatching(/could not be stored: .*BigInt/) },
      },
    },
    processed('2'),
    { tenantId: 't', id: '3', status: 'processed' },
    failed('4', { left: 4 }),
  ])
  expect(warnings).toMatchObject([{ commandId: '1' }, { commandId: '3' }])
})

test('what the database is away for is kept as it is, from there on', async () => {
  const away = new DatabaseUnavailableError('the commands', undefined)
  const all = store(() => away)
  const outcomes = [processed('1'), processed('2')]
  expect(await settleOutcomes(all, 'w', outcomes, silentLogger)).toEqual({ left: outcomes, error: away })
  expect(all.calls).toEqual([2])
  const later = store((some) => (some.length > 1 ? new Error('one of them') : some[0]?.id === '2' ? away : undefined))
  const three = [processed('1'), processed('2'), processed('3')]
  expect(await settleOutcomes(later, 'w', three, silentLogger)).toEqual({ left: three.slice(1), error: away })
  expect(later.written).toEqual([processed('1')])
})

test('one that cannot be written at all is left, and the others are written', async () => {
  const error = new Error('no')
  const due = store((some) => (some.some(({ id }) => id === '1') ? error : undefined))
  expect(await settleOutcomes(due, 'w', [processed('1'), processed('2')], silentLogger)).toEqual({ left: [processed('1')], error })
  expect(due.written).toEqual([processed('2')])
})

test('one whose statement was stopped is left as it is: what it says was not refused', async () => {
  const stopped = new StatementStoppedError('the commands', '57014', undefined)
  const due = store((some) =>
    some.some((one) => one.id === '1' && one.status === 'processed' && one.result !== undefined) ? stopped : undefined,
  )
  const outcomes = [processed('1'), processed('2')]
  expect(await settleOutcomes(due, 'w', outcomes, silentLogger)).toEqual({ left: [processed('1')], error: stopped })
  expect(due.written).toEqual([processed('2')])
})
