import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7, type EventStorePort } from '@cairn/core'
import type { Client } from 'pg'
import { eventOf } from '../projections/shop-writer.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import type { Random } from '../support/random.ts'

/** Between two looks at the view, milliseconds: what is measured is late by as much. */
const lookEveryMs = 5

export interface Probes {
  readonly store: EventStorePort
  readonly admin: Client
  readonly database: CheckDatabase
  readonly random: Random
}

/** Milliseconds from the answer of an append until its row is in the view; undefined when it was not in time. */
export async function probe({ store, admin, database }: Probes, withinMs: number): Promise<number | undefined> {
  const aggregateId = uuidv7()
  const created = eventOf('order.created', { customerId: 'c', lines: [{ sku: 'screw', quantity: 1, price: 1 }], currency: 'EUR' }, 2)
  await store.append({ stream: { tenantId: 'acme', aggregateType: 'order', aggregateId }, expected: 0, events: [created] })
  const appended = performance.now()
  while (performance.now() - appended < withinMs) {
    const { rows } = await admin.query(`select from ${database.schema}.order_summary where id = $1`, [aggregateId])
    if (rows.length > 0) return performance.now() - appended
    await sleep(lookEveryMs)
  }
  return undefined
}

/** One after another, at times that have nothing to do with the readers' polls. */
export async function probeOften(
  probes: Probes,
  count: number,
  pollMs: number,
  withinMs: number,
): Promise<readonly (number | undefined)[]> {
  const found: (number | undefined)[] = []
  for (let i = 0; i < count; i++) {
    await sleep(probes.random.between(0, pollMs))
    found.push(await probe(probes, withinMs))
  }
  return found
}
