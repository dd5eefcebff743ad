import { z } from 'zod'

/** The part of vitest's JSON report that we read. */
const Report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).default([]) })),
    }),
  ),
})

export interface VitestSums {
  readonly passed: number
  readonly failed: number
  /** A sentence for each file of which tests were skipped, or are still to be written. */
  readonly skipped: readonly string[]
  /** A sentence for each test that passed in its second turn (see `retry` in vitest.config.ts). */
  readonly retried: readonly string[]
  /** The files that ran, absolute. */
  readonly files: readonly string[]
}

export function readVitestReport(text: string): VitestSums {
  const { testResults } = Report.parse(JSON.parse(text))
  const files = testResults.map(({ name, status, assertionResults: tests }) => {
    const titled = (...statuses: readonly string[]): string[] =>
      tests.filter((test) => statuses.includes(test.status)).map((test) => test.fullName)
    const failed = titled('failed').length
    // A file that cannot be loaded or set up has no test that could fail, and must not count as nothing.
    const broken = status === 'failed' && failed === 0
    return {
      name,
      broken,
      passed: titled('passed').length,
      failed: broken ? 1 : failed,
      skipped: titled('skipped', 'pending', 'todo', 'disabled'),
      // What failed the first turn stays with a test that passes.
      retried: tests.filter((test) => test.status === 'passed' && test.failureMessages.length > 0).map((test) => test.fullName),
    }
  })
  return {
    passed: files.reduce((sum, file) => sum + file.passed, 0),
    failed: files.reduce((sum, file) => sum + file.failed, 0),
    // The tests of a broken file were skipped because it is broken: said once.
    skipped: files.filter(({ broken, skipped }) => !broken && skipped.length > 0).map(({ name, skipped }) => sentence(name, skipped)),
    retried: files.flatMap(({ name, retried }) => retried.map((title) => `"${title}" in ${name} ran out of time in its first turn`)),
    files: files.map(({ name }) => name),
  }
}

function sentence(file: string, titles: readonly string[]): string {
  const shown = titles.slice(0, 3).map((title) => `"${title}"`)
  const more = titles.length - shown.length
  return `${titles.length} tests were skipped in ${file}: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
