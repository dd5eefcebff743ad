import { hashCommand, type AppendGroupRequest, type AppendRequest, type CommandReceipt } from '@cairn/core'
import { billing, orderCommands, shop } from '@cairn/example-shop'
import { afterAll, expect, test } from 'vitest'
import { newEventOf, ProcessRig } from '../../support/process-rig.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from './support/pg-stores.ts'

const { database, open } = await pgStores()
const { url, schema } = database
const stores = await open()
const rig = new ProcessRig(stores, { domains: [shop, billing] })
rig.work()
afterAll(() => rig.stop())

const tenantId = 'acme'
const payload = { customerId: 'c-1', lines: [{ sku: 's', quantity: 1, price: 5 }] }
const contents = [
  { content: 'the same content', sent: payload, later: { value: { duplicate: true, version: 1 } } },
  { content: 'other content', sent: { ...payload, customerId: 'c-2' }, later: { reason: { code: 'CAIRN_COMMAND_ID_REUSED' } } },
]
const refused = {
  code: 'CAIRN_COMMAND_ID_REUSED',
  message: expect.stringMatching(/row written with SQL alone that no worker has admitted/),
}

/** A row that is due tomorrow: no worker looks at it before. */
async function laterRow(): Promise<string> {
  const [row] = await queryOnce<{ id: string }>(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload, due_at) values ('acme', 'order.create', $1, now() + interval '1 day') returning id`,
    [JSON.stringify(payload)],
  )
  return row?.id ?? ''
}

/** The row becomes due, and is what is carried out under its id, once. */
async function expectCarriedOut(id: string): Promise<void> {
  await queryOnce(url, `update ${schema}.commands set due_at = now() where id = $1`, [id])
  const done = await rig.wait(id)
  expect(done).toMatchObject({ status: 'processed', attempts: 1, result: { version: 1 }, command: { payload } })
  expect(await rig.typesOf('order', done.command.aggregateId)).toEqual(['order.created'])
}

function appendOf(command: CommandReceipt, aggregateId: string): AppendRequest {
  const stream = { tenantId, aggregateType: 'order', aggregateId }
  return { stream, expected: 0, events: [newEventOf('order.created', payload)], command }
}

function receiptOf(sent: typeof payload, id: string): { readonly command: CommandReceipt; readonly aggregateId: string } {
  const command = orderCommands.create(sent, { id })
  return { command: { id, hash: hashCommand(command) }, aggregateId: command.aggregateId }
}

test.each(contents)(
  'a command under the id of a row that nobody has admitted is refused, and the row is carried out: $content',
  async ({ sent, later }) => {
    const id = await laterRow()
    const command = orderCommands.create(sent, { id })
    await expect(rig.send(command)).rejects.toMatchObject(refused)
    await expectCarriedOut(id)
    // From then on the content decides.
    expect((await Promise.allSettled([rig.send(command)]))[0]).toMatchObject(later)
  },
)

test.each(contents)('so it is in a batch, whose other appends are stored: $content', async ({ sent }) => {
  const id = await laterRow()
  const { command, aggregateId } = receiptOf(sent, id)
  const others = ['a', 'b'].map((name) => appendOf({ id: crypto.randomUUID(), hash: command.hash }, `${name}-${id}`))
  const outcomes = await Promise.allSettled([appendOf(command, aggregateId), ...others].map((request) => stores.store.append(request)))
  expect(outcomes).toMatchObject([{ reason: refused }, { status: 'fulfilled' }, { status: 'fulfilled' }])
  await expectCarriedOut(id)
})

test.each(contents)('so it is in a group of one aggregate, which is not stored: $content', async ({ sent }) => {
  const id = await laterRow()
  const { command, aggregateId } = receiptOf(sent, id)
  const other = appendOf({ id: crypto.randomUUID(), hash: command.hash }, aggregateId)
  const group: AppendGroupRequest = { stream: other.stream, expected: 0, parts: [other, appendOf(command, aggregateId)] }
  await expect(stores.store.appendGroup(group)).rejects.toMatchObject({ code: 'CAIRN_COMMAND_ID_REUSED' })
  await expectCarriedOut(id)
})
