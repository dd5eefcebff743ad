import { expect, test } from 'vitest'
import type { RefusedCommand } from '../ports/index.ts'
import { settleAdmission } from './settle-admission.ts'

const refusal = (id: string): RefusedCommand => ({
  tenantId: 't',
  id,
  error: { code: 'CAIRN_INVALID_INPUT', message: id, retryable: false },
})

test('what the store cannot keep is refused with the others, and answered', async () => {
  const ended: RefusedCommand[] = []
  const due = { admit: async () => [refusal('large')], refuse: async (refused: readonly RefusedCommand[]) => void ended.push(...refused) }
  expect(await settleAdmission(due, { admitted: [], refused: [refusal('bad')] })).toEqual([refusal('large')])
  expect(ended).toEqual([refusal('bad'), refusal('large')])
})

test('what is refused ends even where nothing can be admitted', async () => {
  const ended: RefusedCommand[] = []
  const due = {
    admit: () => Promise.reject(new Error('no')),
    refuse: async (refused: readonly RefusedCommand[]) => void ended.push(...refused),
  }
  await expect(settleAdmission(due, { admitted: [], refused: [refusal('bad')] })).rejects.toThrow('no')
  expect(ended).toEqual([refusal('bad')])
})
