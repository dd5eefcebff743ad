import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { compare, markersIn, tsc } from '../types/tsc.ts'

const types = resolve(import.meta.dirname, '../types')
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-types-')))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('wrong uses of the public types fail to compile, each on its line with a message that names it, and right ones compile', async () => {
  const fixtures = join(types, 'fixtures')
  const markers = markersIn(fixtures)
  expect(markers.length).toBeGreaterThan(60)
  expect(compare(fixtures, markers, await tsc('-p', types))).toEqual([])
}, 120_000)

test('declaration files of a domain hold plain types: no any, no zod, and they work where zod cannot be found', async () => {
  const declarations = join(scratch, 'package')
  writeFileSync(join(scratch, 'emit.json'), JSON.stringify(emitConfig(declarations)))
  expect(await tsc('-p', join(scratch, 'emit.json'))).toEqual([])
  const text = readFileSync(join(declarations, 'index.d.ts'), 'utf8')
  expect(text).toContain('parcelEvents')
  expect(text).not.toMatch(/\bany\b/)
  expect(text).not.toMatch(/zod/)

  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ type: 'module' }))
  const consumer = join(scratch, 'consumer.ts')
  copyFileSync(join(types, 'portable/consumer.ts.txt'), consumer)
  writeFileSync(join(scratch, 'consume.json'), JSON.stringify(consumeConfig(consumer)))
  const markers = markersIn(scratch)
  expect(markers.length).toBe(8)
  expect(compare(scratch, markers, await tsc('-p', join(scratch, 'consume.json')))).toEqual([])
}, 120_000)

const base = resolve(types, '../../tsconfig.base.json')

function emitConfig(outDir: string): object {
  return {
    extends: base,
    compilerOptions: {
      composite: false,
      declarationMap: false,
      emitDeclarationOnly: true,
      rootDir: join(types, 'portable'),
      outDir,
      typeRoots,
    },
    files: [join(types, 'portable/index.ts')],
  }
}

function consumeConfig(file: string): object {
  const [core, projections] = ['core', 'projections'].map((name) => resolve(types, `../../packages/${name}/src/index.ts`))
  return {
    extends: base,
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      noEmit: true,
      paths: { '@cairn/core': [core], '@cairn/projections': [projections] },
      typeRoots,
    },
    files: [file],
  }
}

const typeRoots = [resolve(types, '../../node_modules/@types')]
