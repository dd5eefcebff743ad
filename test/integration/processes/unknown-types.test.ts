import { billing, shop } from '@cairn/example-shop'
import { afterAll, expect, test } from 'vitest'
import { ProcessRig } from '../../support/process-rig.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from './support/pg-stores.ts'

const { database, open } = await pgStores()
const { url, schema } = database
const rigs: ProcessRig[] = []
afterAll(() => Promise.all(rigs.map((rig) => rig.stop())))

const grace = 1_500
const payload = { customerId: 'c-1', lines: [{ sku: 's', quantity: 1, price: 5 }] }

/** One that knows the shop, or one that does not. */
async function rigOf(domain: typeof shop | typeof billing): Promise<ProcessRig> {
  const rig = new ProcessRig(await open(), { domains: [domain] })
  rigs.push(rig)
  return rig
}

/** A row that has been due for a minute. */
async function oldRow(): Promise<string> {
  const [row] = await queryOnce<{ id: string }>(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload, due_at)
     values ('acme', 'order.create', $1, now() - interval '1 minute') returning id`,
    [JSON.stringify(payload)],
  )
  return row?.id ?? ''
}

test('after an outage, nothing of another service fails before that service could say that it lives', async () => {
  const id = await oldRow()
  const [other, own] = [await rigOf(billing), await rigOf(shop)]
  // The other one is back first.
  other.work({ unknownTypeGraceMs: grace, leaseMs: 900 })
  await expect.poll(() => queryOnce(url, `select from ${schema}.command_workers`)).toHaveLength(1)
  await new Promise((resolve) => setTimeout(resolve, 400))
  own.work({ unknownTypeGraceMs: grace, leaseMs: 900 })
  expect(await own.wait(id)).toMatchObject({ status: 'processed' })
  await own.stop()
})

test('after a restart of the only worker that knows a type, its commands wait for it for the grace, and no longer', async () => {
  const [own, other] = [await rigOf(shop), await rigOf(billing)]
  const worker = own.work({ leaseMs: 900 })
  other.work({ unknownTypeGraceMs: grace, leaseMs: 900 })
  await expect.poll(() => queryOnce(url, `select from ${schema}.command_workers where expires_at > now()`)).toHaveLength(3)
  // The other one has beaten for longer than its grace by now.
  await new Promise((resolve) => setTimeout(resolve, grace + 500))
  await worker.stop()
  const id = await oldRow()
  await new Promise((resolve) => setTimeout(resolve, 700))
  const again = await rigOf(shop)
  const second = again.work({ leaseMs: 900 })
  expect(await again.wait(id)).toMatchObject({ status: 'processed' })
  await second.stop()
  const left = await oldRow()
  expect(await again.wait(left)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_UNKNOWN_TYPE' } })
})
