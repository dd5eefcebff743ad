import { DependentViewsError, InvalidInputError, NotCaughtUpError, type FaultHook, type PhysicalTable } from '@cairn/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlStateOf } from '../connection/sql-state.ts'
import { assertReplaceable, findDependents, grantsOn, viewNames, type DependentView } from './dependents.ts'
import type { GenerationRow } from './generation-rows.ts'
import { holdAppends } from './hold-appends.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier, identifiers } from './quote.ts'
import { commentOnView, createView } from './table-ddl.ts'

export interface Switch {
  /** What the views show afterwards. */
  readonly to: GenerationRow
  /** What they show now; undefined for the first. */
  readonly from: GenerationRow | undefined
  /** Kept from the switch before: it is retired by this one. */
  readonly retire: GenerationRow | undefined
  /** False for a rollback: what is older may be behind. */
  readonly mustBeCaughtUp: boolean
  readonly recreateDependents: boolean
  /** How long the live generation is held while the new one, which somebody feeds, reaches it, milliseconds. */
  readonly catchUpMs: number
  readonly faults: FaultHook
}

/** How often the new generation's checkpoints are looked at, milliseconds. */
const lookEveryMs = 5

/** Within a transaction that holds the projection's lock. @throws NotCaughtUpError, DependentViewsError */
export async function switchGeneration(session: OwnerSession, change: Switch): Promise<void> {
  const { to, from, retire, faults } = change
  const { projection, generation } = to
  if (to.inline) await holdAppends(session, to, change.mustBeCaughtUp ? change.catchUpMs : undefined)
  else await holdCheckpoints(session, change)
  await faults('switch-locked', { projection, generation })

  const before = from?.tables ?? []
  const dependents = await findDependents(session, viewNames(before))
  assertReplaceable(projection, dependents, change.recreateDependents)
  const grants = await grantsOfOthers(session, before)
  await assertViewsOurs(session, to, before)

  // From here on readers of the views wait for the end of the transaction. In the order of their names, like every switch.
  if (before.length > 0)
    await session.run([`drop view if exists ${identifiers(viewNames(before).toSorted())}${dependents.views.length > 0 ? ' cascade' : ''}`])
  for (const table of to.tables) await session.run([createView(table), commentOnView(table, to)])
  await setStates(session, change)
  await session.query('select grant_read_models($1)', [projection])
  await regrant(session, to.tables, grants)
  await restore(session, projection, dependents.views)
  if (retire !== undefined) await moveSubscription(session, retire, 'retired')
  if (to.inline) {
    // Appends write its rows from here on; a feeder's commit that is under way finds a higher fence.
    await session.query('select subscription_dispossess($1, $2)', [projection, generation])
    await moveSubscription(session, to, 'retired')
  } else {
    await moveSubscription(session, to, 'catching-up')
  }
  await faults('switch-written', { projection, generation })
}

/**
 * Locks the checkpoints of both generations, the live one's first: from there on it cannot move, and the new one is given a
 * moment to reach it.
 */
async function holdCheckpoints(session: OwnerSession, { to, from, mustBeCaughtUp, catchUpMs }: Switch): Promise<void> {
  const target = from === undefined ? 0 : await lockCheckpoints(session, from, 'max')
  if (mustBeCaughtUp) {
    const until = performance.now() + catchUpMs
    while ((await lowestCheckpoint(session, to)) < target && performance.now() < until) await sleep(lookEveryMs)
  }
  const reached = await lockCheckpoints(session, to, 'min')
  if (mustBeCaughtUp && reached < target) throw new NotCaughtUpError(to.projection, to.generation, target - reached)
}

async function lockCheckpoints(session: OwnerSession, { projection, generation }: GenerationRow, which: 'min' | 'max'): Promise<number> {
  const [found] = await session.query<{ at: string | null }>(
    `with held as (
       select checkpoint from subscription_partitions where name = $1 and generation = $2 order by partition for update
     ) select ${which}(checkpoint)::text as at from held`,
    [projection, generation],
  )
  return Number(found?.at ?? 0)
}

async function lowestCheckpoint(session: OwnerSession, { projection, generation }: GenerationRow): Promise<number> {
  const [found] = await session.query<{ at: string | null }>(
    'select min(checkpoint)::text as at from subscription_partitions where name = $1 and generation = $2',
    [projection, generation],
  )
  return Number(found?.at ?? 0)
}

/** A view's name may belong to a relation that somebody made since, or to a projection that has not given it up. */
async function assertViewsOurs(session: OwnerSession, to: GenerationRow, before: readonly PhysicalTable[]): Promise<void> {
  const own = new Set(viewNames(before))
  const fresh = viewNames(to.tables).filter((name) => !own.has(name))
  const [taken] = await session.query<{ name: string }>(
    'select relname::text as name from pg_class where relnamespace = $1::regnamespace and relname = any ($2) order by relname',
    [session.schema, fresh],
  )
  if (taken === undefined) return
  throw new InvalidInputError(
    'table',
    `The view ${taken.name} of projection ${to.projection} cannot be made: schema ${session.schema} has a relation of that name. ` +
      `Drop or rename it, or switch the projection that has it first.`,
    { projection: to.projection, table: taken.name },
  )
}

/** GRANTs that others were given on the views, by view. */
async function grantsOfOthers(session: OwnerSession, tables: readonly PhysicalTable[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const views = await session.query<{ oid: string; name: string }>(
    `select oid::text, relname::text as name from pg_class where relnamespace = $1::regnamespace and relkind = 'v' and relname = any ($2)`,
    [session.schema, viewNames(tables)],
  )
  const byOid = await grantsOn(
    session,
    views.map(({ oid }) => oid),
  )
  return new Map(views.map(({ oid, name }) => [name, byOid.get(oid) ?? []]))
}

/** Gives others what they had on the views that are there again; columns that are gone take their grants with them. */
async function regrant(
  session: OwnerSession,
  tables: readonly PhysicalTable[],
  grants: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  for (const { model } of tables) {
    const columns = new Set(['tenant_id', ...model.columns.map(({ name }) => name)].map(identifier))
    const kept = (grants.get(model.name) ?? []).filter((statement) => {
      const [, column] = /^grant \w+ \((".*")\) on /.exec(statement) ?? []
      return column === undefined || columns.has(column)
    })
    await session.run(kept)
  }
}

/**
 * As the login and not as our owner: views go back to owners of whom ours is no member.
 * @throws DependentViewsError for one that does not fit the new views, or that the login may not make
 */
async function restore(session: OwnerSession, projection: string, views: readonly DependentView[]): Promise<void> {
  if (views.length === 0) return
  await session.query('set local role none')
  for (const view of views) {
    try {
      await session.run(view.restore)
    } catch (error) {
      // 42: a column or relation that is gone, a type that does not fit, a privilege that is missing.
      throw sqlStateOf(error)?.startsWith('42') === true ? new DependentViewsError(projection, [view.name], error) : error
    }
  }
  await session.query(`set local role ${session.roles.owner}`)
}

async function setStates(session: OwnerSession, { to, from, retire }: Switch): Promise<void> {
  const set = (row: GenerationRow, state: string): Promise<unknown> =>
    session.query(
      `update generations set state = $3, switched_at = case when $3 = 'live' then now() else switched_at end where projection = $1 and generation = $2`,
      [row.projection, row.generation, state],
    )
  // In this order, and by way of 'retired': at no moment are there two live ones, or two to go back to.
  if (retire !== undefined) await set(retire, 'retired')
  if (from !== undefined) await set(from, 'retired')
  await set(to, 'live')
  // Nothing feeds old inline tables, so there is no way back to them.
  if (from !== undefined && !from.inline) await set(from, 'previous')
}

/** Where its subscription is in a state from which it may move there by a switch; what an operator paused stays so. */
async function moveSubscription(
  session: OwnerSession,
  { projection, generation }: GenerationRow,
  state: 'catching-up' | 'retired',
): Promise<void> {
  await session.query(
    `update subscription_partitions set state = $3, updated_at = clock_timestamp()
      where name = $1 and generation = $2 and state <> $3 and subscription_may_move(state, $3)
        and ($3 = 'retired' or state in ('new', 'rebuilding', 'retired'))`,
    [projection, generation, state],
  )
}
