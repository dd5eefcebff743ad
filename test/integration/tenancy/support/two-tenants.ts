import { randomUUID } from 'node:crypto'
import type { EventToStore } from '@cairn/core'
import { openPg, PgCommandStore, PgEventStore, PgProcessStore, PgSubscriptionStore, sql, withTenant } from '@cairn/infra/pg'
import { z } from 'zod'
import type { TestFileDatabase } from '../../../support/test-database.ts'

/** The attacker's tenant and the victim's. */
export const alpha = 'alpha'
export const bravo = 'bravo'

/** Stands in every field of alpha's rows that takes free text: whoever reads its own rows sees it. */
export const ownMark = 'own4d1f'
/** The same in bravo's rows. Nobody but bravo may ever see it, in a row, an error, a notice or a plan. */
export const hiddenMark = 'hidden9c2e'

export const markOf = (tenant: string): string => (tenant === alpha ? ownMark : hiddenMark)

/** What a session must set to see a tenant's rows. */
export interface SignedContext {
  readonly context: string
  readonly signature: string
}

export interface TwoTenants {
  /** Each tenant's signed context as its own SQL can read it: what an attacker has in hand. */
  readonly contexts: Readonly<Record<typeof alpha | typeof bravo, SignedContext>>
  readonly bravoCommands: CommandIds
}

/** Ids of commands: one that took effect with events, one that waits as a row, one that is done. */
export interface CommandIds {
  readonly receipt: string
  readonly pending: string
  readonly finished: string
}

/** Fills every table with rows of two tenants, through the stores. */
export async function seedTwoTenants({ appUrl, workerUrl, schema, contextKey }: TestFileDatabase): Promise<TwoTenants> {
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  const store = new PgEventStore(db)
  try {
    const receipts = { [alpha]: await seed(alpha), [bravo]: await seed(bravo) }
    return { contexts: { alpha: await captured(alpha), bravo: await captured(bravo) }, bravoCommands: receipts[bravo] }
  } finally {
    await store.drained()
    await db.close()
  }

  async function seed(tenantId: string): Promise<CommandIds> {
    const mark = markOf(tenantId)
    const stream = { tenantId, aggregateType: `${mark}-type`, aggregateId: `${mark}-1` }
    const receipt = randomUUID()
    await store.append({
      stream,
      expected: 0,
      events: [markedEvent(mark), markedEvent(mark)],
      command: { id: receipt, hash: 'ab'.repeat(32), audit: { type: `${mark}.create`, payload: { mark } } },
      snapshot: { version: 2, schemaVersion: 1, state: { mark } },
    })
    await store.transaction(tenantId, (tx) => tx.reserve(`${mark}-scope`, `${mark}-key`))
    const commands = new PgCommandStore(db)
    const metadata = { correlationId: mark, causationId: mark, schemaVersion: 1, userId: mark }
    const [pending, finished] = [randomUUID(), randomUUID()]
    for (const id of [pending, finished]) await commands.upsert({ ...stream, id, type: `${mark}-type`, payload: { mark }, metadata })
    await commands.markStatus(tenantId, finished, { status: 'processed', result: { mark } })
    await waitInProcess(tenantId)
    await park(tenantId)
    return { receipt, pending, finished }
  }

  /** An instance of a process manager that waits. */
  async function waitInProcess(tenantId: string): Promise<void> {
    const mark = markOf(tenantId)
    const at = new Date().toISOString()
    const timers = { [mark]: { commandId: randomUUID(), dueAt: at } }
    const counts = { stateVersion: 1, version: 1, position: 1, steps: 1 }
    const texts = { instanceId: mark, state: { mark }, waitingFor: mark, startedAt: at, updatedAt: at }
    await new PgProcessStore(db).save([{ processManager: 'two-tenants', tenantId, status: 'running', timers, ...counts, ...texts }])
  }

  /** An event of the tenant, set aside by a subscription. */
  async function park(tenantId: string): Promise<void> {
    const mark = markOf(tenantId)
    const subscriptions = new PgSubscriptionStore(db)
    const key = { name: 'two-tenants', generation: 1 }
    const fingerprint = 'ab'.repeat(32)
    await subscriptions.register({ key, kind: 'subscription', version: 1, fingerprint, partitions: 1, startAfter: 0 })
    const taken = await subscriptions.take(key, 0, 'the seed', fingerprint, 60_000)
    if (taken === undefined) throw new Error('The seed’s partition should have been free.')
    const failure = { category: mark, message: mark, attempts: 1, at: new Date() }
    const event = { eventId: randomUUID(), tenantId, type: `${mark}.happened`, status: 'parked', failure } as const
    await subscriptions.commit(taken.lease, { park: [{ ...event, parkingKey: mark, position: tenantId === alpha ? 1 : 2 }] })
  }

  function captured(tenantId: string): Promise<SignedContext> {
    return withTenant(db, tenantId, (connection) =>
      connection.one(sql.type(z.object({ context: z.string(), signature: z.string() }))`
        select current_setting('cairn.context') as context, current_setting('cairn.signature') as signature`),
    )
  }
}

/** An event with the mark in every field that takes text. */
export function markedEvent(mark: string): EventToStore {
  const fields = { correlationId: mark, causationId: mark, workflowId: mark, userId: mark, projectId: mark, jobId: mark }
  return { id: randomUUID(), type: `${mark}.happened`, payload: { mark }, metadata: { ...fields, schemaVersion: 1 } }
}
