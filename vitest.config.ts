import { defineConfig } from 'vitest/config'

// Projects by cost: `unit` needs nothing, `integration` needs PostgreSQL.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'db/src/**/*.test.ts',
            'bench/src/**/*.test.ts',
            'test/unit/**/*.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // A test that ran out of time on a busy machine has a second turn, and is marked "retry x1"; a wrong result has none.
          retry: { count: 1, condition: /^Test timed out in/ },
        },
      },
    ],
  },
})
