import { expect, test } from 'vitest'
import { checkOrders } from '../../stress/orders/check-orders.ts'

const right = {
  ok: true,
  wrongEnds: 0,
  doubledInvoices: 0,
  lostCommands: 0,
  stuckInstances: 0,
  parkedEvents: 0,
  timerAfterOutage: { fired: true, times: 1 },
  failures: [],
}

test('on PostgreSQL: worker, sender and database are killed, and each order comes to its right end, each effect once', async () => {
  const verdict = await checkOrders({ scheduler: 'postgres', orders: 40, kills: 3, seed: 1, readyWithin: 8 })
  expect(verdict).toMatchObject({ ...right, shipped: 20, cancelled: 10, compensated: 10, kills: { worker: 1, sender: 1, postgres: 1 } })
}, 600_000)

test('on Temporal: the server and the process that hands rows to it are killed, and each order comes to its right end, once', async () => {
  const verdict = await checkOrders({
    scheduler: 'temporal',
    orders: 30,
    kills: 2,
    seed: 1,
    readyWithin: 12,
    victims: ['temporal', 'pump'],
  })
  expect(verdict).toMatchObject({ ...right, invoices: { created: 22 }, kills: { pump: 1, temporal: 1 } })
}, 600_000)
