import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineEvents, DefinitionError, InvalidInputError, UnknownProjectionError } from '@cairn/core'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineProjection, loadProjections, LoadedProjections, table, text } from '../index.ts'

const orderEvents = defineEvents('order', { ready: z.object({}) })
const projectionOf = (name: string, tableName = name.replaceAll('-', '_')) =>
  defineProjection(name, { version: 1, events: [orderEvents], tables: { [tableName]: table({ id: text() }, { key: 'id' }) } }).on({
    'order.ready': () => undefined,
  })

const folder = mkdtempSync(join(tmpdir(), 'cairn-load-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a projection looks like to the loader, without the package that a folder of the test cannot reach. */
const source = (name: string, tableName: string): string =>
  `{ name: '${name}', version: 1, tables: new Map([['${tableName}', {}]]), apply() {}, keyOf: () => '' }`

function write(path: string, content: string): void {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, content)
}

describe('loadProjections', () => {
  test('finds what the modules of a folder and its folders export, each once, and passes tests and declarations over', async () => {
    write('good/orders.mjs', `export const orders = ${source('orders', 'orders')}\nexport const helper = 5\nexport default null`)
    write('good/deep/invoices.ts', `interface Nothing {}\nexport const invoices = ${source('invoices', 'invoices')}`)
    write('good/index.mjs', `export { orders } from './orders.mjs'\nexport { invoices } from './deep/invoices.ts'`)
    write('good/orders.test.mjs', `throw new Error('a test was run')`)
    write('good/orders.d.ts', `throw new Error('a declaration was run')`)
    write('good/node_modules/x/index.mjs', `throw new Error('a dependency was run')`)
    write('good/notes.md', `none`)
    for (const place of [join(folder, 'good'), pathToFileURL(`${join(folder, 'good')}/`)]) {
      const loaded = await loadProjections(place)
      expect(loaded.names.toSorted()).toEqual(['invoices', 'orders'])
    }
  })

  test('takes modules that were imported already', async () => {
    const [orders, invoices] = [projectionOf('orders'), projectionOf('order-invoices')]
    const loaded = await loadProjections([
      { orders, again: orders },
      { default: invoices, other: {} },
    ])
    expect(loaded.all).toEqual([orders, invoices])
    expect(loaded.pick([])).toEqual([orders, invoices])
    expect(loaded.pick(['order-invoices'])).toEqual([invoices])
  })

  test('says where there is none, and which folder cannot be read', async () => {
    write('empty/a.mjs', 'export const a = 1')
    await expect(loadProjections(join(folder, 'empty'))).rejects.toThrow(/empty exports no projection/)
    await expect(loadProjections(join(folder, 'missing'))).rejects.toThrow(InvalidInputError)
    await expect(loadProjections([])).rejects.toThrow(/The modules given export no projection/)
  })
})

describe('loaded projections', () => {
  test('an unknown name is an error that lists the known ones and the nearest', () => {
    const loaded = new LoadedProjections([projectionOf('order-summary'), projectionOf('customer-totals')])
    expect(() => loaded.get('order-sumary')).toThrow(UnknownProjectionError)
    expect(() => loaded.pick(['order-sumary'])).toThrow(
      'There is no projection "order-sumary". Did you mean "order-summary"? Known: order-summary, customer-totals.',
    )
  })

  test('two of one name, or with a table of one name, are refused', () => {
    expect(() => new LoadedProjections([projectionOf('orders'), projectionOf('orders')])).toThrow(DefinitionError)
    expect(() => new LoadedProjections([projectionOf('orders'), projectionOf('other', 'orders')])).toThrow(
      'Projections orders and other both have a table "orders". Rename one.',
    )
  })
})
