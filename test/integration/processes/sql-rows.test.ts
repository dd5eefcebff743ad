import { billing, orderCommands, shop } from '@cairn/example-shop'
import { afterAll, expect, test } from 'vitest'
import { ProcessRig } from '../../support/process-rig.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from './support/pg-stores.ts'

const { database, open } = await pgStores()
const rig = new ProcessRig(await open(), { domains: [shop, billing] })
rig.work({ unknownTypeGraceMs: 300, leaseMs: 300 })
afterAll(() => rig.stop())

const { url, schema } = database
const payload = { customerId: 'c-1', lines: [{ sku: 's', quantity: 1, price: 5 }] }
const tenantId = 'acme'
const insert = (type: string, content: unknown, tenant = tenantId): Promise<string> =>
  rig.stores.insert({ tenantId: tenant, type, payload: content })

test('a row inserted by SQL alone is carried out, and its aggregate gets an id that comes from the command’s', async () => {
  const id = await insert('order.create', payload)
  const done = await rig.wait(id)
  expect(done).toMatchObject({ status: 'processed', attempts: 1, result: { version: 1 } })
  const { aggregateId } = done.command
  expect(await rig.typesOf('order', aggregateId)).toEqual(['order.created'])
  const twin = orderCommands.create(payload, { id })
  expect(twin.aggregateId).toBe(aggregateId)
  // Whoever sends the same command again gets the first result.
  expect(await rig.send(twin)).toMatchObject({ duplicate: true, version: 1 })
})

test('the target may stand in the payload, or in the row', async () => {
  const { aggregateId } = (await rig.wait(await insert('order.create', { ...payload, orderId: 'from-payload' }))).command
  expect(aggregateId).toBe('from-payload')
  expect(await rig.wait(await insert('order.markReady', { orderId: 'from-payload' }))).toMatchObject({
    status: 'processed',
    result: { version: 2 },
  })
  const [row] = await queryOnce<{ id: string; due: string }>(
    url,
    `insert into ${schema}.commands (tenant_id, type, aggregate_id, payload, metadata, due_at)
     values ('acme', 'order.create', 'from-row', $1, '{"userId": "u-1", "correlationId": "c-1"}', now() + interval '300 milliseconds')
     returning id, due_at::text as due`,
    [JSON.stringify(payload)],
  )
  const done = await rig.wait(row?.id ?? '')
  // Not before its time, by the clock that tells when it is due.
  const inTime = `select recorded_at >= $1::timestamptz as "inTime" from ${schema}.events where aggregate_id = 'from-row'`
  expect(await queryOnce(url, inTime, [row?.due])).toEqual([{ inTime: true }])
  expect(done).toMatchObject({
    status: 'processed',
    command: { aggregateId: 'from-row', metadata: { userId: 'u-1', correlationId: 'c-1' } },
  })
})

test('many rows of one statement to one aggregate are carried out in their order', async () => {
  await rig.wait(await insert('order.create', { ...payload, orderId: 'many' }))
  await queryOnce(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload)
     select 'acme', case when i = 1 then 'order.markReady' when i = 2 then 'order.ship' else 'order.autoCancel' end, '{"orderId": "many"}'
       from generate_series(1, 3) i`,
  )
  await expect.poll(() => rig.typesOf('order', 'many')).toEqual(['order.created', 'order.ready', 'order.shipped'])
})

test('a business refusal is final, and its row says why', async () => {
  const failed = await rig.wait(await insert('order.markReady', { orderId: 'nobody' }))
  expect(failed).toMatchObject({
    status: 'failed',
    attempts: 1,
    error: { code: 'CAIRN_BUSINESS_RULE', message: 'Order nobody is none, not open.' },
  })
})

test.each([
  ['a payload that does not fit its schema', 'order.create', { customerId: 7 }, 'CAIRN_SCHEMA_VALIDATION', /customerId.*lines/],
  ['a payload that is no object', 'order.create', [1], 'CAIRN_SCHEMA_VALIDATION', /order\.create/],
  ['no payload', 'order.create', undefined, 'CAIRN_SCHEMA_VALIDATION', /order\.create/],
  ['no target', 'order.markReady', {}, 'CAIRN_INVALID_INPUT', /which order it is for.*aggregate_id.*orderId/],
  ['a target that is no text', 'order.markReady', { orderId: 7 }, 'CAIRN_INVALID_INPUT', /orderId.*must be text/],
  ['a target that is too long', 'order.markReady', { orderId: 'x'.repeat(201) }, 'CAIRN_INVALID_INPUT', /200/],
  ['a type that is not known', 'order.creat', payload, 'CAIRN_UNKNOWN_TYPE', /"order\.creat".*"order\.create"/],
])('%s ends the row as failed, with what is wrong', async (_, type, content, code, message) => {
  const failed = await rig.wait(await insert(type, content))
  expect(failed).toMatchObject({ status: 'failed', error: { code, message: expect.stringMatching(message) } })
})

test('metadata of a wrong shape, a foreign aggregate type and a tenant that is none end the row as failed', async () => {
  const rows = await queryOnce<{ id: string; tenant_id: string }>(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload, metadata, aggregate_type)
     values ('acme', 'order.create', $1, '[]', null), ('acme', 'order.create', $1, '{"correlationId": 5}', null),
            ('acme', 'order.create', $1, '{}', 'invoice'), ('${'x'.repeat(201)}', 'order.create', $1, '{}', null) returning id, tenant_id`,
    [JSON.stringify(payload)],
  )
  for (const { id } of rows) {
    await expect
      .poll(() => queryOnce(url, `select status, error ->> 'code' as code from ${schema}.commands where id = $1`, [id]))
      .toEqual([{ status: 'failed', code: 'CAIRN_INVALID_INPUT' }])
  }
})

test('bad rows do not hold good ones up', async () => {
  const bad = await Promise.all(Array.from({ length: 150 }, (_, i) => insert(i % 2 === 0 ? 'order.markReady' : 'nothing.known', {})))
  const good = await insert('order.create', payload)
  expect((await rig.wait(good)).status).toBe('processed')
  for (const id of bad) expect((await rig.wait(id)).status).toBe('failed')
})

test('rows that no store may keep end as failed, and do not hold good ones up', async () => {
  const deep = `${'['.repeat(600)}${']'.repeat(600)}`
  const rows = await queryOnce<{ id: string }>(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload, metadata) values
       ('acme', 'order.create', jsonb_set($1::jsonb, '{customerId}', to_jsonb(repeat('x', 1100000))), '{}'),
       ('acme', 'order.create', $1, jsonb_build_object('odd', $2::jsonb)),
       ('acme', 'order.create', $1, jsonb_build_object('odd', repeat('x', 70000))) returning id`,
    [JSON.stringify(payload), deep],
  )
  const good = await insert('order.create', payload)
  expect((await rig.wait(good)).status).toBe('processed')
  const errors = await Promise.all(rows.map(async ({ id }) => (await rig.wait(id)).error))
  expect(errors).toMatchObject([
    { code: 'CAIRN_PAYLOAD_TOO_LARGE', message: expect.stringMatching(/command order\.create/) },
    { code: 'CAIRN_INVALID_INPUT', message: expect.stringMatching(/nests deeper than 500/) },
    { code: 'CAIRN_PAYLOAD_TOO_LARGE', message: expect.stringMatching(/metadata of command order\.create/) },
  ])
})

test('a role that may insert, and nothing more, can send commands but forge no receipts', async () => {
  await queryOnce(url, `create role guest login; grant usage on schema ${schema} to guest; grant insert on ${schema}.commands to guest`)
  const as = async (sql: string): Promise<string> => {
    try {
      await queryOnce(url, `begin; set local role guest; ${sql}; commit`)
      return 'done'
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const values = `(tenant_id, type, payload) values ('guests', 'order.create', '${JSON.stringify({ ...payload, orderId: 'g-1' })}')`
  expect(await as(`insert into ${schema}.commands ${values}`)).toBe('done')
  await expect.poll(() => rig.typesOf('order', 'g-1', 'guests')).toEqual(['order.created'])
  for (const forged of [
    `status) values ('guests', 't', 'processed')`,
    `version) values ('guests', 't', 1)`,
    `hash) values ('guests', 't', '')`,
    `owner) values ('guests', 't', 'me')`,
    // What would stop a page or a claim that it is in.
    `due_at) values ('guests', 't', '-infinity')`,
    `due_at) values ('guests', 't', 'infinity')`,
    `created_at) values ('guests', 't', '-infinity')`,
    `updated_at) values ('guests', 't', 'infinity')`,
    `due_at) values ('guests', 't', '0044-03-15 BC')`,
    `due_at) values ('guests', 't', '290000-01-01')`,
    `seq) values ('guests', 't', 9223372036854775807)`,
    `seq) values ('guests', 't', null)`,
    `id) values ('guests', null, gen_random_uuid())`,
  ]) {
    const answer = await as(`insert into ${schema}.commands (tenant_id, type, ${forged}`)
    expect({ forged, answer }).toEqual({ forged, answer: expect.stringMatching(/row-level security/) })
  }
  expect(await as(`insert into ${schema}.commands (tenant_id, type, due_at) values ('guests', 't', '9999-12-31 23:00Z')`)).toBe('done')
})
