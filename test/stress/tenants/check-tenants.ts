import { uuidv7, hashCommand, type StreamKey } from '@cairn/core'
import { Client } from 'pg'
import { only, openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { aggregateType, eventsOf, streamOf } from '../support/events.ts'
import { Random } from '../support/random.ts'
import { openStores, type Stores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { rowsByForgery, rowsOfOthers } from './raw-sql.ts'
import { readBack, type Written } from './read-back.ts'

export interface TenantsOptions {
  readonly tenants: number
  readonly appends: number
  /** Appends under way at the same time. */
  readonly callers: number
  readonly seed: number
}

export interface TenantsVerdict extends Verdict {
  /** Events of a tenant's own that some way to read did not give it. */
  readonly missing: number
  /** Events of others that some way to read gave. */
  readonly foreign: number
  /** Rows of others that raw SQL saw as the application's role: without a context, in a tenant's, with a forged one. */
  readonly rawSql: { readonly withoutContext: number; readonly inContext: number; readonly forged: number }
  readonly events: number
  readonly batches: {
    /** Transactions that stored more than one append. */
    readonly count: number
    /** Of these, with several tenants. */
    readonly mixed: number
    readonly mostTenants: number
  }
  readonly seconds: number
  readonly control: {
    /** Rows of others that the same questions see as superuser: they were there to be seen. */
    readonly rowsSeenBySuperuser: number
  }
}

/** Many tenants' appends in shared batches; every tenant must find exactly its own. */
export async function checkTenants(database: CheckDatabase, options: TenantsOptions, onStep: OnStep = silent): Promise<TenantsVerdict> {
  const started = performance.now()
  const { schema } = database
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    const stores = endings.add(await openStores(database, 2), (opened) => opened.close())
    const signer = stores.all[0]?.db.signer
    if (signer === undefined) throw new RangeError('No store is open.')
    const written = await writeAll(stores, options, onStep)

    let [missing, foreign] = [0, 0]
    for (const [i, tenant] of written.entries()) {
      onStep(`tenant ${i + 1} of ${written.length} reads`)
      const found = await readBack(stores.at(i), tenant)
      missing += found.missing
      foreign += found.foreign
    }

    onStep('raw SQL as the application')
    const app = new Client({ connectionString: database.appUrl })
    await app.connect()
    endings.add(app, (client) => client.end())
    let [inContext, forged] = [0, 0]
    for (const [i, { tenantId }] of written.entries()) {
      inContext += await rowsOfOthers(app, schema, signer, tenantId)
      forged += await rowsByForgery(app, schema, signer, tenantId, written[(i + 1) % written.length]?.tenantId ?? '')
    }
    const rawSql = { withoutContext: await rowsOfOthers(app, schema, signer, undefined), inContext, forged }
    const rowsSeenBySuperuser = await rowsOfOthers(admin, schema, signer, written[0]?.tenantId)
    const batches = await only<TenantsVerdict['batches']>(
      admin,
      `select count(*)::int as count, count(*) filter (where tenants > 1)::int as mixed, coalesce(max(tenants), 0)::int as "mostTenants"
         from (select count(distinct tenant_id) as tenants from ${schema}.events group by xmin::text having count(distinct stream_id) > 1) b`,
    )
    const { events } = await only<{ events: number }>(admin, `select count(*)::int as events from ${schema}.events`)
    return {
      ok:
        missing + foreign + rawSql.withoutContext + inContext + forged === 0 &&
        events === written.reduce((sum, { ids }) => sum + ids.size, 0) &&
        batches.mixed > 0 &&
        rowsSeenBySuperuser > 0,
      missing,
      foreign,
      rawSql,
      events,
      batches,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control: { rowsSeenBySuperuser },
    }
  } finally {
    await endings.end()
  }
}

/** All tenants use the same aggregate ids: only the tenant tells their streams apart. */
async function writeAll(stores: Stores, options: TenantsOptions, onStep: OnStep): Promise<readonly Written[]> {
  const random = new Random(options.seed)
  const writing = Array.from({ length: options.tenants }, (_, i) => ({
    tenantId: `tenant-${i}`,
    streams: new Map<string, StreamKey>(),
    ids: new Set<string>(),
  }))
  let left = options.appends
  const caller = async (place: number): Promise<void> => {
    while (left-- > 0) {
      const tenant = writing[random.between(0, writing.length - 1)]
      if (tenant === undefined) return
      const stream = streamOf(tenant.tenantId, `order-${random.between(1, 20)}`)
      const events = eventsOf(random.between(1, 3), { of: tenant.tenantId })
      const command = {
        id: uuidv7(),
        hash: hashCommand({ type: 'check.note', aggregateType, aggregateId: stream.aggregateId, payload: tenant.tenantId }),
      }
      const snapshot = { version: 1, schemaVersion: 1, state: { of: tenant.tenantId } }
      await stores.at(place).append({ stream, expected: 'any', events, command, ...(random.chance(0.1) ? { snapshot } : {}) })
      tenant.streams.set(stream.aggregateId, stream)
      for (const event of events) tenant.ids.add(event.id)
      if (place === 0) onStep(`${options.appends - Math.max(0, left)} of ${options.appends} appends`)
    }
  }
  await Promise.all(Array.from({ length: options.callers }, (_, place) => caller(place)))
  for (const { tenantId } of writing)
    await stores.at(0).transaction(tenantId, (tx) => tx.reserve('check', 'taken by every tenant for itself'))
  return writing.map(({ tenantId, streams, ids }) => ({ tenantId, streams: [...streams.values()], ids }))
}
