import { expect, test } from 'vitest'
import { PageLimit } from './page-limit.ts'

const mebibyte = 1_048_576

/** What is asked for where each event takes so many characters. */
async function asked(most: PageLimit, wanted: number, characters: number): Promise<number> {
  let limit = 0
  await most.ask(wanted, async (asking) => {
    limit = asking
    const events = Math.max(1, Math.min(asking, Math.floor((32 * mebibyte) / characters)))
    return { positions: Array.from({ length: events }, (_, i) => i).join(','), payloads: 'x'.repeat(events * characters), metadata: null }
  })
  return limit
}

test('where events are large fewer are asked for, and more again behind them', async () => {
  const most = new PageLimit(10_000)
  expect(await asked(most, 1_000, 100)).toBe(1_000)
  expect(await asked(most, 1_000, mebibyte)).toBe(1_000)
  expect(await asked(most, 1_000, mebibyte)).toBe(16)
  expect(await asked(most, 1_000, 20 * mebibyte)).toBe(32)
  expect(await asked(most, 1_000, 100)).toBe(1)
  const limits: number[] = []
  for (let i = 0; i < 10; i++) limits.push(await asked(most, 1_000, 100))
  expect(limits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000])
})

test('after a failure fewer are asked for, and what failed is thrown', async () => {
  const most = new PageLimit(10_000)
  await expect(most.ask(1_000, () => Promise.reject(new Error('too late')))).rejects.toThrow('too late')
  expect(await asked(most, 1_000, 100)).toBe(125)
})
