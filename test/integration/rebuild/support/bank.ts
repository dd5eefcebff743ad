import { defineEvents } from '@cairn/core'
import { allRows, defineProjection, integer, numeric, table, text } from '@cairn/projections'
import { z } from 'zod'

/** Accounts and what is booked on them. */
export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string(), currency: z.string() }),
  booked: z.object({ amount: z.int(), text: z.string() }),
  closed: z.object({ reason: z.string() }),
})

/** What a booking of this text does to a projection that is made to fail. */
export const poisonText = 'poison'

const balanceTable = table(
  { id: text(), owner: text(), balance: integer().default(0), bookings: integer().default(0), state: text().default('open') },
  { key: 'id', readAccess: { '*': allRows } },
)

/** One row per account, by account: the partitions can be worked on side by side. */
export function balances(
  options: {
    readonly version?: number
    readonly mode?: 'async' | 'inline'
    readonly partitions?: number
    readonly failsAt?: string
    readonly maxWaiting?: number
  } = {},
) {
  return defineProjection('account-balance', {
    version: options.version ?? 1,
    events: [accountEvents],
    tables: balanceTable,
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
    ...(options.partitions === undefined ? {} : { partitionBy: 'stream' as const, partitions: options.partitions }),
  }).on({
    'account.opened': (e, { account_balance }) =>
      account_balance.upsert({ id: e.aggregateId, owner: e.payload.owner, balance: 0, bookings: 0, state: 'open' }),
    'account.booked': (e, { account_balance }) => {
      if (options.failsAt !== undefined && e.payload.text === options.failsAt) throw new Error(`Booking "${e.payload.text}" is refused.`)
      account_balance.increment(e.aggregateId, { balance: e.payload.amount, bookings: 1 })
    },
    'account.closed': (e, { account_balance }) => account_balance.patch(e.aggregateId, { state: 'closed' }),
  })
}

/** The next version: a column more, one less, one of another type. */
export const balancesV2 = defineProjection('account-balance', {
  version: 2,
  events: [accountEvents],
  tables: table(
    { id: text(), owner: text(), balance: numeric(14, 2).default(0), largest: integer().default(0), state: text().default('open') },
    { key: 'id', readAccess: { '*': allRows } },
  ),
}).fold('account_balance', {
  key: (e) => e.aggregateId,
  evolve: {
    'account.opened': (_row, e) => ({ owner: e.payload.owner, balance: 0, largest: 0, state: 'open' }),
    'account.booked': (row, e) =>
      row === undefined ? undefined : { ...row, balance: row.balance + e.payload.amount, largest: Math.max(row.largest, e.payload.amount) },
    'account.closed': (row) => (row === undefined ? undefined : { ...row, state: 'closed' }),
  },
})

/** Totals over accounts: rows that belong to no single stream. */
export const totals = defineProjection('owner-total', {
  version: 1,
  events: [accountEvents],
  tables: {
    currency_total: table({ currency: text(), accounts: integer().default(0) }, { key: 'currency', readAccess: { '*': allRows } }),
    text_total: table(
      { text: text(), bookings: integer().default(0), amount: integer().default(0) },
      { key: 'text', readAccess: { '*': allRows } },
    ),
  },
}).on({
  'account.opened': (e, { currency_total }) => currency_total.increment(e.payload.currency, { accounts: 1 }),
  'account.booked': (e, { text_total }) => text_total.increment(e.payload.text, { bookings: 1, amount: e.payload.amount }),
})
