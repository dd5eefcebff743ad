import type { PgDatabase } from '@cairn/infra/pg'
import type { Client } from 'pg'

/** Tables and views that hold tenants' rows. */
const relations = ['streams', 'events', 'commands', 'snapshots', 'reservations', 'domain_events', 'event_store'] as const

/** Rows of other tenants that raw SQL sees, over every table and view, when the context is that of `tenantId`; undefined sets none. */
export async function rowsOfOthers(
  client: Client,
  schema: string,
  signer: PgDatabase['signer'],
  tenantId: string | undefined,
): Promise<number> {
  await client.query('begin')
  try {
    if (tenantId !== undefined) {
      const context = signer.sign([tenantId])
      await client.query(`select ${schema}.enter_context($1, $2)`, [context.text, context.signature])
    }
    return await countOthers(client, schema, tenantId)
  } finally {
    await client.query('rollback')
  }
}

/** The same with the context of another tenant put in by hand, under the signature of one's own. */
export async function rowsByForgery(
  client: Client,
  schema: string,
  signer: PgDatabase['signer'],
  own: string,
  other: string,
): Promise<number> {
  await client.query('begin')
  try {
    await client.query(`select set_config('cairn.context', $1, true), set_config('cairn.signature', $2, true)`, [
      signer.sign([other]).text,
      signer.sign([own]).signature,
    ])
    return await countOthers(client, schema, own)
  } finally {
    await client.query('rollback')
  }
}

async function countOthers(client: Client, schema: string, tenantId: string | undefined): Promise<number> {
  let seen = 0
  for (const relation of relations) {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from ${schema}.${relation} where $1::text is null or tenant_id <> $1`,
      [tenantId ?? null],
    )
    seen += rows[0]?.count ?? 0
  }
  return seen
}
