import { describe, expect, test } from 'vitest'
import { checkImports } from '../architecture/check-imports.ts'
import { checkHeavyDependencies, dependencyGraph, findCycle } from '../architecture/check-manifests.ts'
import { readImports } from '../architecture/read-imports.ts'
import { readWorkspace } from '../architecture/workspace.ts'

const workspace = await readWorkspace()
const check = checkImports(workspace)

describe('the layers', () => {
  test('are read from many files of every package, imports and all', () => {
    expect(workspace.files.length).toBeGreaterThan(150)
    expect(check.imports).toBeGreaterThan(500)
    expect([...check.filesByPackage].filter(([, files]) => files === 0)).toEqual([])
    expect([...(check.graph.get('@cairn/infra') ?? [])]).toContain('@cairn/core')
  })

  test('are kept by every import', () => {
    expect(check.violations).toEqual([])
  })

  test.for([
    { path: 'packages/core/src/planted.ts', text: `import { sql } from '@cairn/infra/pg'`, says: '"@cairn/infra" is not declared' },
    { path: 'packages/core/src/planted.ts', text: `import type { Pool } from 'pg'`, says: '"pg" is not declared' },
    {
      path: 'packages/core/src/planted.ts',
      text: `export { Gate } from '../../infra/src/pg/connection/gate.ts'`,
      says: 'reaches into another package',
    },
    {
      path: 'packages/infra/src/pg/planted.ts',
      text: `import { createCairn } from '@cairn/cairn'`,
      says: '"@cairn/cairn" is not declared',
    },
    {
      path: 'packages/infra/src/memory/planted.ts',
      text: `import { Client } from 'pg'`,
      says: 'packages/infra/src/memory may not import "pg"',
    },
    {
      path: 'packages/testing/src/contracts/planted.ts',
      text: `await import('@cairn/infra/pg')`,
      says: 'contracts may not import @cairn/infra',
    },
    {
      path: 'packages/testing/src/specs/planted.ts',
      text: `type T = import('@cairn/infra/pg').PgOptions`,
      says: 'specs may not import @cairn/infra',
    },
    {
      path: 'packages/cairn/src/planted.ts',
      text: `import { x } from '@cairn/infra/pg/connection/gate'`,
      says: 'is not exported by @cairn/infra',
    },
    { path: 'packages/cairn/src/planted.ts', text: `import { z } from 'zod'`, says: '"zod" is not declared' },
    { path: 'packages/core/src/planted.ts', text: `import { join } from 'path'`, says: 'write "node:path"' },
    { path: 'packages/core/src/planted.ts', text: `export const load = (name: string) => import(name)`, says: 'computed name' },
    { path: 'bench/planted.ts', text: `import '../packages/core/src/index.ts'`, says: 'reaches into another package' },
  ])('$path with $text is refused', (planted) => {
    const found = checkImports({ ...workspace, files: [...workspace.files, planted] }).violations.filter(
      (line) => !check.violations.includes(line),
    )
    expect(found).toEqual([expect.stringContaining(planted.says)])
  })

  test('are told apart from text that only looks like an import', () => {
    const text = `// import '@cairn/infra'\nconst s = "import '@cairn/infra'"\nconst t = \`\${s} from '@cairn/infra'\``
    expect(readImports({ path: 'a.ts', text })).toEqual([])
  })
})

describe('the packages', () => {
  test('do not need each other in a circle, neither by manifest nor by import', () => {
    expect(findCycle(dependencyGraph(workspace.packages))).toBeUndefined()
    expect(findCycle(check.graph)).toBeUndefined()
  })

  test('in a circle would be found', () => {
    const core = { path: 'packages/core/src/planted.ts', text: `import { migrate } from '@cairn/infra/pg'` }
    const { graph } = checkImports({ ...workspace, files: [...workspace.files, core] })
    expect(findCycle(graph)).toBe('@cairn/core -> @cairn/infra -> @cairn/core')
  })

  test('force nothing heavy on a user', () => {
    expect(checkHeavyDependencies(workspace.packages)).toEqual([])
    const [first, ...others] = workspace.packages.filter((one) => !one.private)
    const heavy = { ...first, dependencies: { ...first?.dependencies, '@temporalio/worker': '1.24.0' } }
    expect(checkHeavyDependencies([Object.assign({}, first, heavy), ...others])).toHaveLength(1)
  })
})
