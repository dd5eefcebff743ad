import { createCairn, type CairnTransaction } from '@cairn/cairn'
import { orderCommands } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { inlineShop } from '../cairn/support/inline-shop.ts'
import { onPostgres } from '../cairn/support/places.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()
const lines = [{ sku: 'screw', quantity: 10, price: 5 }]

type Sql = CairnTransaction['sql']

/** Ways to have code of one's own run after the transaction's work, while or after inline projections write. */
const ways: Readonly<Record<string, (sql: Sql) => Promise<void>>> = {
  'a trigger that waits for the commit': async (sql) => {
    await sql`create function pg_temp.fired() returns trigger language plpgsql as $$ begin perform pg_temp.meddle(); return null; end $$`
    await sql`create temp table late (n int)`
    await sql`create constraint trigger late after insert on late deferrable initially deferred for each row execute function pg_temp.fired()`
    await sql`insert into late values (1)`
  },
  'a type of its own in place of text': async (sql) => {
    await sql`create domain pg_temp.text as pg_catalog.text check (pg_temp.meddle())`
  },
  'a cursor that is read at the commit': async (sql) => {
    await sql`declare late cursor with hold for select pg_temp.meddle()`
  },
}

test.for(Object.entries(ways))('SQL of a transaction never runs in the context of inline projections: %s', async ([way, prepare]) => {
  await using app = await createCairn({ domains: [inlineShop], ...onPostgres(database) })
  const [table] = await queryOnce<{ name: string }>(
    database.url,
    `select relname as name from pg_class where relkind = 'r' and relname like 'open\\_totals\\_\\_%'`,
  )
  const customerId = way.replaceAll(' ', '-')
  await app.dispatch(orderCommands.create({ orderId: `${customerId}-1`, customerId, lines }))
  await app.transaction({}, async (tx) => {
    await tx.sql`select set_config('meddle.table', ${`${database.schema}.${table?.name}`}, true) as set`
    await tx.sql`create function pg_temp.meddle() returns boolean language plpgsql volatile as $$
      begin
        execute 'update ' || current_setting('meddle.table') || ' set total = 1';
        return true;
      exception when others then
        return true;
      end $$`
    await prepare(tx.sql)
    await tx.dispatch(orderCommands.create({ orderId: `${customerId}-2`, customerId, lines }))
  })
  expect(await app.readModel('open_totals').get(customerId)).toEqual({ customer: customerId, orders: 2, total: 100 })
})
