import {
  IllegalStateError,
  InvalidInputError,
  noFaults,
  NothingToRollBackError,
  SubscriptionVersionError,
  type AccessFault,
  type AccessOptions,
  type DeclaredProjection,
  type Drift,
  type DriftOptions,
  type FaultHook,
  type Generation,
  type GenerationPlan,
  type ProjectionStorePort,
  type SwitchOptions,
} from '@cairn/core'
import { assertSchemaName, defaultSchema } from '../schema/schema-name.ts'
import { syncReadAccess } from './apply-read-access.ts'
import { createGeneration, isSamePlan } from './create-generation.ts'
import { findDependents, namesOf, viewNames } from './dependents.ts'
import { digestTable, type TableDigest } from './digest-table.ts'
import { findAccessFaults } from './find-access-faults.ts'
import { findDrift } from './find-drift.ts'
import { fixAccessFaults } from './fix-access-faults.ts'
import { eventsBehind } from './hold-appends.ts'
import { lockProjection, readGenerations, toGeneration, type GenerationRow } from './generation-rows.ts'
import { asOwner, type OwnerSession } from './owner-session.ts'
import { identifier, identifiers } from './quote.ts'
import { repairDrift } from './repair-drift.ts'
import { replaceTenantRows } from './replace-tenant.ts'
import { switchGeneration } from './switch-generation.ts'
import { withViewLocks } from './switch-with-retries.ts'

export interface PgProjectionStoreOptions {
  /** A login that may become the schema's owner (CAIRN_OWNER_URL). */
  readonly url: string
  /** @default 'cairn' */
  readonly schema?: string | undefined
  /** How long a switch holds the live generation while the new one reaches it, milliseconds. @default 500 */
  readonly catchUpMs?: number | undefined
  readonly faults?: FaultHook | undefined
}

/** Generations of projections as tables and views of PostgreSQL. Every call opens a connection of its own. */
export class PgProjectionStore implements ProjectionStorePort {
  readonly #url: string
  readonly #schema: string
  readonly #catchUpMs: number
  readonly #faults: FaultHook

  /** @throws InvalidInputError */
  constructor({ url, schema = defaultSchema, catchUpMs = 500, faults = noFaults }: PgProjectionStoreOptions) {
    assertSchemaName(schema)
    this.#url = url
    this.#schema = schema
    this.#catchUpMs = catchUpMs
    this.#faults = faults
  }

  async generations(projection?: string): Promise<readonly Generation[]> {
    const rows = await this.#asOwner('reading the generations', (session) => readGenerations(session, projection))
    return rows.map(toGeneration)
  }

  async create(plan: GenerationPlan): Promise<Generation> {
    const row = await this.#asOwner(`making tables for ${plan.projection}`, (session) =>
      session.transaction(() => createGeneration(session, plan)),
    )
    await this.#faults('generation-created', { projection: row.projection, generation: row.generation })
    return toGeneration(row)
  }

  /**
   * The generation that was made from this plan, whatever state it is in, retired ones aside; made where there is none, and
   * visible at once where nothing is visible yet (an inline one only while none of its events are stored). Of any number of callers one makes it, and all get the same. Its policies are
   * brought in line with the plan's read access.
   */
  ensure(plan: GenerationPlan): Promise<Generation> {
    const { projection } = plan
    return this.#asOwner(`making tables for ${projection}`, (session) =>
      withViewLocks(
        session,
        projection,
        plan.tables.map(({ name }) => name),
        {},
        async () => {
          const rows = await lockProjection(session, projection)
          const order = ['live', 'building', 'previous']
          const [found] = rows
            .filter((row) => row.state !== 'retired' && isSamePlan(row, plan))
            .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
          if (found !== undefined) {
            await syncReadAccess(session, found, plan.tables, false)
            return toGeneration(await this.#stored(session, found))
          }
          const made = await createGeneration(session, plan)
          // Inline rows come with their events alone: where there are events already, they have to be built first.
          const complete = !made.inline || (await eventsBehind(session, made)) === 0
          if (complete && !rows.some((row) => row.state === 'live')) await this.#point(session, made, rows, { mustBeCaughtUp: made.inline })
          return toGeneration(await this.#stored(session, made))
        },
      ),
    )
  }

  async switchTo(generation: Generation, options: SwitchOptions = {}): Promise<void> {
    const { projection } = generation
    await this.#asOwner(`switching ${projection}`, (session) =>
      withViewLocks(session, projection, viewNames(generation.tables), options, async () => {
        const rows = await lockProjection(session, projection)
        const to = rows.find((row) => row.generation === generation.generation)
        if (to === undefined) throw noGeneration(generation)
        // Again after a switch whose answer was lost.
        if (to.state === 'live') return
        if (to.side_tenant !== null)
          throw new InvalidInputError(
            'generation',
            `Generation ${to.generation} of ${projection} holds one tenant's rows and cannot become visible.`,
          )
        // A newer version may have become visible since this one was begun.
        const live = rows.find(({ state }) => state === 'live')
        if (live !== undefined && live.version > to.version)
          throw new SubscriptionVersionError(`projection ${projection}`, to.version, live.version)
        await this.#point(session, to, rows, { ...options, mustBeCaughtUp: true })
      }),
    )
    await this.#faults('switched', { projection, generation: generation.generation })
  }

  async rollback(projection: string, options: SwitchOptions = {}): Promise<Generation> {
    const row = await this.#asOwner(`rolling ${projection} back`, async (session) => {
      const views = viewNames((await readGenerations(session, projection)).flatMap(({ tables }) => tables))
      return withViewLocks(session, projection, views, options, async () => {
        const rows = await lockProjection(session, projection)
        const to = rows.find(({ state }) => state === 'previous')
        if (to === undefined) throw new NothingToRollBackError(projection)
        await this.#point(session, to, rows, { ...options, mustBeCaughtUp: false })
        return this.#stored(session, to)
      })
    })
    await this.#faults('switched', { projection, generation: row.generation })
    return toGeneration(row)
  }

  async drop(generation: Generation): Promise<void> {
    const { projection } = generation
    await this.#asOwner(`dropping tables of ${projection}`, (session) =>
      withViewLocks(
        session,
        projection,
        generation.tables.map(({ name }) => name),
        {},
        async () => {
          const row = (await lockProjection(session, projection)).find((candidate) => candidate.generation === generation.generation)
          if (row === undefined) return
          if (row.state === 'live')
            throw new InvalidInputError(
              'generation',
              `Generation ${row.generation} of ${projection} is live: switch to another before it is dropped.`,
            )
          // The tables before the checkpoints, as in the commits of whoever feeds them.
          for (const { name } of row.tables) await session.run([`drop table if exists ${identifier(name)}`])
          await session.query('select subscription_remove($1, $2)', [projection, row.generation])
          await session.query('delete from generations where projection = $1 and generation = $2', [projection, row.generation])
        },
      ),
    )
  }

  async clear(generation: Generation): Promise<void> {
    const { projection } = generation
    const tables = generation.tables.map(({ name }) => name)
    await this.#asOwner(`emptying tables of ${projection}`, (session) =>
      withViewLocks(session, projection, tables, {}, async () => {
        await lockProjection(session, projection)
        await session.run([`truncate ${identifiers(tables)}`])
        const [answer] = await session.query<{ known: boolean; refused: string | null }>(
          'select known, refused from subscription_reset($1, $2, 0)',
          [projection, generation.generation],
        )
        if (answer?.known !== true) throw noGeneration(generation)
        if (answer.refused !== null) throw new IllegalStateError(projection, answer.refused, 'cleared')
      }),
    )
  }

  async replaceTenant(live: Generation, side: Generation, tenantId: string): Promise<{ readonly rows: number }> {
    const { projection } = live
    const rows = await this.#asOwner(`replacing rows of ${projection}`, (session) =>
      withViewLocks(session, projection, [], {}, async () => {
        const stored = await lockProjection(session, projection)
        const find = (wanted: Generation): GenerationRow => {
          const row = stored.find((candidate) => candidate.generation === wanted.generation)
          if (row === undefined) throw noGeneration(wanted)
          return row
        }
        return replaceTenantRows(session, find(live), find(side), tenantId, this.#catchUpMs)
      }),
    )
    return { rows }
  }

  async digest(generation: Generation, tenantId?: string): Promise<readonly TableDigest[]> {
    return this.#asOwner(`comparing ${generation.projection}`, async (session) => {
      const digests: TableDigest[] = []
      for (const table of generation.tables) digests.push(await digestTable(session, table, tenantId))
      return digests
    })
  }

  async drift(declared: readonly DeclaredProjection[], options: DriftOptions = {}): Promise<readonly Drift[]> {
    const found = await this.#asOwner('comparing the database with the code', (session) => findDrift(session, declared, options))
    return found.map(({ drift }) => drift)
  }

  repair(declared: readonly DeclaredProjection[], options: DriftOptions = {}): Promise<readonly Drift[]> {
    return this.#asOwner('repairing the database', (session) => repairDrift(session, declared, options))
  }

  async lintAccess(declared: readonly DeclaredProjection[], options: AccessOptions = {}): Promise<readonly AccessFault[]> {
    const found = await this.#asOwner('looking at policies and grants', (session) => findAccessFaults(session, declared, options))
    return found.map(({ fault }) => fault)
  }

  fixAccess(declared: readonly DeclaredProjection[], options: AccessOptions = {}): Promise<readonly AccessFault[]> {
    return this.#asOwner('mending policies and grants', (session) => fixAccessFaults(session, declared, options))
  }

  /**
   * Writes the policies of these projections' tables anew, whatever the hashes say, in every generation of the declared version.
   * Answers the physical tables.
   */
  forceReadAccess(declared: readonly DeclaredProjection[]): Promise<readonly string[]> {
    return this.#asOwner('writing policies', async (session) => {
      const written: string[] = []
      for (const { name, version, tables } of declared) {
        const changed = await withViewLocks(session, name, [], {}, async () => {
          const changedTables: string[] = []
          for (const row of await lockProjection(session, name)) {
            if (row.version === version) changedTables.push(...(await syncReadAccess(session, row, tables, true)))
          }
          await session.query('select grant_read_models($1)', [name])
          return changedTables
        })
        written.push(...changed)
      }
      return written
    })
  }

  async dependents(projection: string): Promise<readonly string[]> {
    return this.#asOwner(`looking at the views of ${projection}`, async (session) => {
      const live = (await readGenerations(session, projection)).find(({ state }) => state === 'live')
      return live === undefined ? [] : namesOf(await findDependents(session, viewNames(live.tables)))
    })
  }

  #asOwner<T>(what: string, work: (session: OwnerSession) => Promise<T>): Promise<T> {
    return asOwner(this.#url, this.#schema, what, work)
  }

  async #stored(session: OwnerSession, { projection, generation }: GenerationRow): Promise<GenerationRow> {
    const row = (await readGenerations(session, projection)).find((candidate) => candidate.generation === generation)
    if (row === undefined) throw noGeneration({ projection, generation })
    return row
  }

  #point(
    session: OwnerSession,
    to: GenerationRow,
    rows: readonly GenerationRow[],
    options: SwitchOptions & { readonly mustBeCaughtUp: boolean },
  ): Promise<void> {
    return switchGeneration(session, {
      to,
      from: rows.find(({ state }) => state === 'live'),
      retire: rows.find(({ state, generation }) => state === 'previous' && generation !== to.generation),
      mustBeCaughtUp: options.mustBeCaughtUp,
      recreateDependents: options.recreateDependents ?? false,
      catchUpMs: this.#catchUpMs,
      faults: this.#faults,
    })
  }
}

function noGeneration({ projection, generation }: Pick<Generation, 'projection' | 'generation'>): InvalidInputError {
  return new InvalidInputError('generation', `Projection ${projection} has no generation ${generation}; it was dropped.`, {
    projection,
    generation,
  })
}
