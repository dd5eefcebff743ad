import { defineConfig } from 'vitest/config'

// What a test waits for comes when it comes: these limits are there for what never comes, and a machine that does ten things at
// once must not reach them. Vitest's own (a second for `expect.poll`, five for a test) are a busy machine's usual delays.
const expectations = { poll: { timeout: 30_000 } }

// No test has the database of the shell that it runs in, and neither has a process that it starts: "embedded" would give way to it.
const env = { DATABASE_URL: '', SUPABASE_DB_URL: '' }

// Projects by cost: `unit` needs nothing, `integration` needs PostgreSQL.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          env,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: expectations,
          include: [
            'packages/*/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'db/src/**/*.test.ts',
            'bench/src/**/*.test.ts',
            'test/unit/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'integration',
          env,
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: expectations,
          // A test that ran out of time on a busy machine has a second turn, and `pnpm test` names it; a wrong result has none.
          retry: { count: 1, condition: /^Test timed out in/ },
        },
      },
    ],
  },
})
