import { InvalidInputError, NotCaughtUpError, type PhysicalTable } from '@cairn/core'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GenerationRow } from './generation-rows.ts'
import { partitionColumn, positionColumn, tenantColumn } from './hidden-columns.ts'
import { holdAppends } from './hold-appends.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier, identifiers } from './quote.ts'

/** How often the side build's checkpoints are looked at. */
const lookEveryMs = 5

/**
 * Within a transaction that holds the projection's lock: puts a tenant's rows of the side build in the place of the live ones.
 * Both must have read the same events of the tenant, partition by partition; the live one is held where it is, and the side
 * build is given a moment to reach it. The tenant's events that are parked are in the new rows, and leave the list. Whoever feeds the live tables may keep rows in memory: all of them lose
 * their leases and begin anew from the rows.
 */
export async function replaceTenantRows(
  session: OwnerSession,
  live: GenerationRow,
  side: GenerationRow,
  tenantId: string,
  catchUpMs: number,
): Promise<number> {
  if (side.side_tenant !== tenantId || side.partitions !== live.partitions || side.version !== live.version) {
    throw new InvalidInputError(
      'side',
      `Generation ${side.generation} is no side build of tenant ${tenantId} for generation ${live.generation}.`,
      {
        projection: live.projection,
      },
    )
  }
  if (live.inline) await holdAppends(session, side, catchUpMs, tenantId)
  // Before the checkpoints, as in the commits of whoever feeds them; readers go on.
  await session.run(live.tables.map(({ name }) => `lock table ${identifier(name)} in share row exclusive mode`))
  if (!live.inline) {
    // Before the checkpoints, too: whoever is about to take one of them off the list has its row, and waits for the checkpoint.
    await removeParked(session, live, tenantId)
    await holdCheckpoints(session, live, side, tenantId, catchUpMs)
    await removeParked(session, live, tenantId, 'skip locked')
  }
  let rows = 0
  for (const table of live.tables) {
    const source = side.tables.find(({ model }) => model.name === table.model.name)
    if (source !== undefined) rows += await replaceRows(session, table, source, tenantId)
  }
  await session.query('select subscription_dispossess($1, $2)', [live.projection, live.generation])
  return rows
}

/** The live one's checkpoints first: they cannot move from there on. */
async function holdCheckpoints(
  session: OwnerSession,
  live: GenerationRow,
  side: GenerationRow,
  tenantId: string,
  catchUpMs: number,
): Promise<void> {
  await lockCheckpoints(session, live)
  const until = performance.now() + catchUpMs
  while ((await apartBy(session, live, side, tenantId)) > 0 && performance.now() < until) await sleep(lookEveryMs)
  await lockCheckpoints(session, side)
  const behind = await apartBy(session, live, side, tenantId)
  if (behind > 0) throw new NotCaughtUpError(live.projection, side.generation, behind)
}

/**
 * The tenant's parked events are in its new rows, which would refuse them: they leave the list. What waited behind them is
 * asked for, as when they are handled.
 */
async function removeParked(session: OwnerSession, live: GenerationRow, tenantId: string, locked: 'skip locked' | '' = ''): Promise<void> {
  await session.query(
    `with found as (
       select e.partition, e.position from parked_events e
         join subscription_partitions p on p.name = e.name and p.generation = e.generation and p.partition = e.partition
        where e.name = $1 and e.generation = $2 and e.tenant_id = $3 and e.position <= p.checkpoint
        order by e.partition, e.position for update of e ${locked}
     ), gone as (
       delete from parked_events e using found f
        where e.name = $1 and e.generation = $2 and e.partition = f.partition and e.position = f.position
       returning e.partition, e.parking_key
     )
     update parked_events e set request = 'retry'
      where e.name = $1 and e.generation = $2 and e.tenant_id <> $3 and e.status = 'waiting' and e.request is null
        and (e.partition, e.parking_key) in (select g.partition, g.parking_key from gone g)`,
    [live.projection, live.generation, tenantId],
  )
}

async function lockCheckpoints(session: OwnerSession, { projection, generation }: GenerationRow): Promise<void> {
  await session.query('select from subscription_partitions where name = $1 and generation = $2 order by partition for update', [
    projection,
    generation,
  ])
}

/** How many positions lie between the two where events of the tenant are there; 0 when both have read the same of them. */
async function apartBy(session: OwnerSession, live: GenerationRow, side: GenerationRow, tenantId: string): Promise<number> {
  const [found] = await session.query<{ apart: string }>(
    `select coalesce(max(abs(l.checkpoint - s.checkpoint)), 0)::text as apart
       from subscription_partitions l
       join subscription_partitions s on s.name = l.name and s.generation = $3 and s.partition = l.partition
      where l.name = $1 and l.generation = $2
        and exists (select from events e where e.position > least(l.checkpoint, s.checkpoint)
                       and e.position <= greatest(l.checkpoint, s.checkpoint) and e.tenant_id = $4)`,
    [live.projection, live.generation, side.generation, tenantId],
  )
  return Number(found?.apart ?? 0)
}

async function replaceRows(session: OwnerSession, live: PhysicalTable, side: PhysicalTable, tenantId: string): Promise<number> {
  const columns = identifiers([tenantColumn, ...live.model.columns.map(({ name }) => name), positionColumn, partitionColumn])
  await session.query(`delete from ${identifier(live.name)} where ${tenantColumn} = $1`, [tenantId])
  const [copied] = await session.query<{ rows: string }>(
    `with copied as (
       insert into ${identifier(live.name)} (${columns}) select ${columns} from ${identifier(side.name)} where ${tenantColumn} = $1 returning 1
     ) select count(*)::text as rows from copied`,
    [tenantId],
  )
  return Number(copied?.rows ?? 0)
}
