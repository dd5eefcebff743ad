import { fileURLToPath } from 'node:url'

export interface Step {
  readonly name: string
  /** One line for people. */
  readonly title: string
  /** The script to run, from the root of the repository, with this same Node.js. */
  readonly script: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** True for a run of vitest, which counts its own tests; another step counts as one. */
  readonly vitest?: true
}

export const root = fileURLToPath(new URL('../..', import.meta.url))

const vitest = { script: 'node_modules/vitest/vitest.mjs', vitest: true } as const

/** The suites of the stores: they hold under any schema name and behind a pooler, so they run there too. */
const storeSuites = ['run', '--project', 'integration', 'test/integration/store/']

export const steps: readonly Step[] = [
  { name: 'types', title: 'Types: tsc -b', script: 'node_modules/typescript/bin/tsc', args: ['-b'] },
  { name: 'lint', title: 'Lint: oxlint', script: 'node_modules/oxlint/bin/oxlint', args: ['--deny-warnings'] },
  { name: 'format', title: 'Format: oxfmt --check', script: 'node_modules/oxfmt/bin/oxfmt', args: ['--check'] },
  { name: 'unit', title: 'Unit tests', ...vitest, args: ['run', '--project', 'unit'] },
  { name: 'integration', title: 'Integration tests, on a real PostgreSQL', ...vitest, args: ['run', '--project', 'integration'] },
  {
    name: 'schema',
    title: 'Store suites once more, under another schema name',
    ...vitest,
    args: storeSuites,
    env: { CAIRN_TEST_SCHEMA: 'other_cairn' },
  },
  {
    name: 'pgbouncer',
    title: 'Store suites once more, through PgBouncer',
    ...vitest,
    args: storeSuites,
    env: { CAIRN_TEST_PGBOUNCER: '1' },
  },
]

export const stepNames = steps.map(({ name }) => name)
