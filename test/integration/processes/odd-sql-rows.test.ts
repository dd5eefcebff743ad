import { billing, shop } from '@cairn/example-shop'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ProcessRig } from '../../support/process-rig.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from './support/pg-stores.ts'

// Rows that no policy lets in now, and that a superuser, or an earlier version, may have left behind.
const { database, open } = await pgStores()
const { url, appUrl, schema } = database
const stores = await open()
const rig = new ProcessRig(stores, { domains: [shop, billing] })
afterAll(() => rig.stop())

const payload = JSON.stringify({ customerId: 'c-1', lines: [{ sku: 's', quantity: 1, price: 5 }] })

async function insert(columns: string, rows: readonly string[]): Promise<readonly string[]> {
  const values = rows.map((row) => `('acme', $1::jsonb, ${row})`).join(', ')
  const stored = await queryOnce<{ id: string }>(
    url,
    `insert into ${schema}.commands (tenant_id, payload, ${columns}) values ${values} returning id`,
    [payload],
  )
  return stored.map(({ id }) => id)
}

let due: readonly string[]
let never: readonly string[]

beforeAll(async () => {
  due = await insert('type, due_at, created_at, updated_at, seq', [
    `'order.create', '-infinity', default, null, default`,
    `'order.create', null, '-infinity', null, default`,
    `'order.create', null, default, 'infinity', default`,
    `'order.create', null, default, '-infinity', default`,
    `'order.create', null, '4000-01-01 BC', null, default`,
    `'order.create', now(), 'infinity', null, default`,
    `'order.create', null, default, null, 9223372036854775807`,
  ])
  never = await insert('type, due_at', [`'order.create', 'infinity'`, `'order.create', '290000-01-01'`])
})

test('rows with times that no Date holds are in the pages of pending commands, each once', async () => {
  const seen: string[] = []
  let after: string | undefined
  for (let pages = 0; pages <= due.length; pages++) {
    const page = await stores.pending.pending(1, after)
    seen.push(...page.commands.map(({ id }) => id))
    after = page.after
  }
  expect(seen.toSorted()).toEqual(due.toSorted())
})

test('they are listed with times that a Date holds', async () => {
  const listed = await stores.commands.query({ tenantId: 'acme' })
  expect(listed.map(({ command }) => command.id).toSorted()).toEqual([...due, ...never].toSorted())
  for (const { createdAt, updatedAt, dueAt = createdAt } of listed) {
    for (const time of [createdAt, updatedAt, dueAt]) expect(time.toISOString()).toMatch(/Z$/)
  }
})

test('a command that is due at no finite time is not stored', async () => {
  const { text, signature } = stores.db.signer.sign(['acme'])
  const upsert = `select ${schema}.command_upsert($1, $2, 'acme', gen_random_uuid(), '', 'order.create', 'order', 'o-1', '{}', '{}', $3)`
  for (const at of ['-infinity', 'infinity']) {
    await expect(queryOnce(appUrl, upsert, [text, signature, at])).rejects.toThrow(/due at a finite time/)
  }
})

test('rows with such times, and rows without a type, hold nobody up, and end themselves', async () => {
  const untyped = await insert('type', ['null', `'no.such'`])
  rig.work({ unknownTypeGraceMs: 300, leaseMs: 300 })
  const [good = ''] = await insert('type', [`'order.create'`])
  expect(await rig.wait(good)).toMatchObject({ status: 'processed' })
  for (const id of due) expect(await rig.wait(id)).toMatchObject({ status: 'processed', attempts: 1 })
  for (const id of untyped) expect(await rig.wait(id)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_UNKNOWN_TYPE' } })
})
