import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { neverRun } from '../run/test-files.ts'
import { readVitestReport } from '../run/vitest-report.ts'

const tests = (...statuses: readonly string[]): unknown[] => statuses.map((status, n) => ({ fullName: `test ${n}`, status }))
const report = (...files: readonly unknown[]): string => JSON.stringify({ testResults: files })

describe('the sums of a test run', () => {
  test('count passed and failed tests of all files', () => {
    const sums = readVitestReport(
      report(
        { name: '/r/a.test.ts', status: 'passed', assertionResults: tests('passed', 'passed') },
        { name: '/r/b.test.ts', status: 'failed', assertionResults: tests('passed', 'failed') },
      ),
    )
    expect(sums).toEqual({ passed: 3, failed: 1, skipped: [], retried: [], files: ['/r/a.test.ts', '/r/b.test.ts'] })
  })

  test('count a file that could not be loaded as one failure', () => {
    const sums = readVitestReport(report({ name: '/r/a.test.ts', status: 'failed', assertionResults: tests('skipped', 'skipped') }))
    expect(sums).toMatchObject({ passed: 0, failed: 1, skipped: [] })
  })

  test('name the tests that passed in their second turn', () => {
    const second = { fullName: 'slow', status: 'passed', failureMessages: ['Test timed out in 180000ms.'] }
    const failed = { fullName: 'wrong', status: 'failed', failureMessages: ['AssertionError'] }
    const { passed, retried } = readVitestReport(
      report({ name: '/r/a.test.ts', status: 'failed', assertionResults: [second, failed, ...tests('passed')] }),
    )
    expect(passed).toBe(2)
    expect(retried).toEqual(['"slow" in /r/a.test.ts ran out of time in its first turn'])
  })

  test.for(['skipped', 'pending', 'todo'])('name the tests that are %s', (status) => {
    const sums = readVitestReport(report({ name: '/r/a.test.ts', status: 'passed', assertionResults: tests('passed', status) }))
    expect(sums.skipped).toEqual(['1 tests were skipped in /r/a.test.ts: "test 1"'])
  })
})

test('a test file that no project ran is found, wherever it lies', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-run-'))
  try {
    await mkdir(join(folder, 'packages/new/lib'), { recursive: true })
    await mkdir(join(folder, 'node_modules/theirs'), { recursive: true })
    for (const file of ['packages/a.test.ts', 'packages/new/lib/b.test.tsx', 'packages/c.ts', 'node_modules/theirs/d.test.ts']) {
      await writeFile(join(folder, file), '')
    }
    expect(await neverRun([join(folder, 'packages/a.test.ts')], folder)).toEqual(['/packages/new/lib/b.test.tsx'])
  } finally {
    await rm(folder, { recursive: true })
  }
})
