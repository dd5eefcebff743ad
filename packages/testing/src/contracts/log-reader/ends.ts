import { isUuid } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { LogReaderContext } from './context.ts'

export const ends = contractGroup<LogReaderContext>('head and logId', {
  'tell where the log ends': async (context) => {
    const [first, , third] = await context.append(upTo(3).map(() => context.type('a')))
    const { horizon, newest } = await context.reader.head()
    expect(newest).toBe(third?.position)
    expect(horizon).toBeGreaterThanOrEqual(newest)
    expect(newest).toBeGreaterThan(first?.position ?? Number.POSITIVE_INFINITY)
  },

  'name the log, always with the same id': async ({ reader, append, type }) => {
    const id = await reader.logId()
    expect(isUuid(id)).toBe(true)
    await append([type('a')])
    expect(await reader.logId()).toBe(id)
  },
})

export const times = contractGroup<LogReaderContext>('positionAt', {
  'gives the position behind which everything recorded since then stands': async (context) => {
    const before = await context.append(upTo(3).map(() => context.type('before')))
    await context.elapse(20)
    const since = await context.append(upTo(3).map(() => context.type('since')))
    await context.elapse(20)
    const later = await context.append(upTo(3).map(() => context.type('later')))
    for (const [events, earlier] of [
      [since, before],
      [later, since],
    ] as const) {
      const at = await context.reader.positionAt(events[0]?.recordedAt ?? new Date(Number.NaN))
      expect(at).toBeGreaterThanOrEqual(earlier.at(-1)?.position ?? Number.POSITIVE_INFINITY)
      expect(at).toBeLessThan(events[0]?.position ?? 0)
    }
  },

  'gives the very beginning for a time before everything': async (context) => {
    await context.append([context.type('a')])
    const at = await context.reader.positionAt(new Date(0))
    const [first] = (await context.reader.read({ after: 0, limit: 1 })).events
    expect(at).toBeLessThan(first?.position ?? 0)
  },

  'gives the end for a time after everything': async (context) => {
    const [event] = await context.append([context.type('a')])
    const at = await context.reader.positionAt(new Date(Date.now() + 86_400_000))
    expect(at).toBeGreaterThanOrEqual(event?.position ?? Number.POSITIVE_INFINITY)
    expect(at).toBeLessThanOrEqual(await context.end())
  },

  'refuses what is no time': async ({ reader }) => {
    await refusal('CAIRN_INVALID_INPUT', () => reader.positionAt(new Date(Number.NaN)))
  },
})
