import {
  assertSubscriptionSpec,
  assertVersion,
  IllegalStateError,
  InvalidInputError,
  LeaseLostError,
  noFaults,
  SubscriptionChangedError,
  SubscriptionPartitionsError,
  SubscriptionVersionError,
  UnknownSubscriptionError,
  type FaultHook,
  type Heartbeat,
  type Lease,
  type Member,
  type ParkedEvent,
  type Progress,
  type StoredFailure,
  type SubscriptionKey,
  type SubscriptionKind,
  type SubscriptionSpec,
  type SubscriptionState,
  type SubscriptionStatus,
  type SubscriptionStorePort,
  type TakenLease,
} from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { plainArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { assertLimit } from '../read/read-log.ts'
import { leaseColumns } from './lease-columns.ts'
import { readParkingKey, writeParkingKey } from './parking-key.ts'
import { PgCommits, type Effects } from './pg-commits.ts'
import { failureJson } from './progress-columns.ts'
import { toMembers, toParkedEvent, toPartitions, toStatus, type HeartbeatRow, type ParkedRow, type SubscriptionRow } from './status-rows.ts'

const maxTakeWaitMs = 2_000

const Nothing = z.object({})
const Status = z.object({ status: z.array(z.custom<SubscriptionRow>()).nullable() })
const Registered = z.object({
  outcome: z.int(),
  stored: z.int().nullable(),
  partitions: z.int().nullable(),
  status: z.array(z.custom<SubscriptionRow>()).nullable(),
})
const Taken = z.object({
  fence: z.int().nullable(),
  checkpoint: z.int().nullable(),
  commits: z.int().nullable(),
  state: z.custom<SubscriptionState>().nullable(),
  kind: z.custom<SubscriptionKind>().nullable(),
  blocked: z.array(z.string()).nullable(),
})
const Controlled = z.object({ known: z.boolean(), refused: z.string().nullable() })
const Beaten = z.object({ heartbeat: z.custom<HeartbeatRow>() })
const Parked = z.object({ parked: z.array(z.custom<ParkedRow>()).nullable() })
const Count = z.object({ count: z.int() })

export interface PgSubscriptionStoreOptions {
  /** Called inside commits, for tests. @default none */
  readonly faults?: FaultHook | undefined
}

/** Subscriptions on PostgreSQL. All times are the database's; every call but a commit with effects is one statement. */
export class PgSubscriptionStore implements SubscriptionStorePort {
  readonly #db: PgDatabase
  readonly #commits: PgCommits

  constructor(db: PgDatabase, options: PgSubscriptionStoreOptions = {}) {
    this.#db = db
    this.#commits = new PgCommits(db, options.faults ?? noFaults)
  }

  async register(spec: SubscriptionSpec): Promise<SubscriptionStatus> {
    assertSubscriptionSpec(spec)
    const { key, kind, version, fingerprint, partitions, startAfter, initialState = 'new' } = spec
    const row = await this.#one(sql.type(Registered)`
      select outcome, stored, partitions, status from ${this.#name('subscription_register')}(${key.name}, ${key.generation}::int, ${kind}, ${version}::int,
        ${fingerprint}, ${partitions}::int, ${startAfter}::bigint, ${initialState})`)
    const what = `${kind} ${key.name}`
    if (row.outcome === 2) throw new SubscriptionVersionError(what, version, row.stored ?? 0)
    if (row.outcome === 3) throw new SubscriptionChangedError(what, version)
    if (row.outcome === 4) throw new SubscriptionPartitionsError(what, row.partitions ?? 0, partitions)
    const [status] = row.status ?? []
    if (status === undefined) throw new UnknownSubscriptionError(key.name, [])
    return toStatus(status)
  }

  async get(key: SubscriptionKey): Promise<SubscriptionStatus | undefined> {
    const row = await this.#one(
      sql.prepared(this.#statement('status'), Status)`
        select ${this.#name('subscription_status')}(${key.name}, ${key.generation}::int) as status`,
    )
    return row.status?.map(toStatus)[0]
  }

  async list(): Promise<readonly SubscriptionStatus[]> {
    const row = await this.#one(sql.type(Status)`select ${this.#name('subscription_status')}(null, null) as status`)
    return (row.status ?? []).map(toStatus)
  }

  async heartbeat(member: Member, leases: readonly Lease[], leaseMs: number): Promise<Heartbeat> {
    assertLeaseMs(leaseMs)
    const { names, generations, partitions, owners, fences } = leaseColumns(leases)
    // Later than a lease's time it has nothing to renew.
    const retryForMs = Math.min(leaseMs, this.#db.options.retryForMs)
    const { heartbeat } = await this.#one(
      sql.prepared(this.#statement('heartbeat'), Beaten)`
        select ${this.#name('subscription_heartbeat')}(${member.id}, ${member.label}, ${JSON.stringify(member.runs)}::jsonb, ${leaseMs}::int,
          ${names}, ${generations}::int[], ${partitions}::int[], ${owners}, ${fences}::bigint[]) as heartbeat`,
      retryForMs,
    )
    const held = new Set(heartbeat.renewed)
    const renewed = leases.filter((_, i) => held.has(i + 1))
    for (const lease of renewed) this.#commits.counts.renew(lease, leaseMs)
    return { renewed, members: toMembers(heartbeat), partitions: toPartitions(heartbeat) }
  }

  async take(
    key: SubscriptionKey,
    partition: number,
    owner: string,
    fingerprint: string,
    leaseMs: number,
  ): Promise<TakenLease | undefined> {
    assertLeaseMs(leaseMs)
    // Shorter than the lease, so that heartbeats behind it on the pool are in time.
    const waitMs = Math.min(maxTakeWaitMs, Math.max(1, Math.floor(leaseMs / 4)))
    const { fence, checkpoint, commits, state, kind, blocked } = await this.#one(
      sql.prepared(this.#statement('take'), Taken)`
        select fence, checkpoint, commits, state, kind, blocked
          from ${this.#name('subscription_take')}(${key.name}, ${key.generation}::int, ${partition}::int, ${owner}, ${fingerprint}, ${leaseMs}::int, ${waitMs}::int)`,
    )
    if (fence === null || checkpoint === null || commits === null || state === null || kind === null) return undefined
    this.#commits.counts.set(key, partition, { fence, kind, commits, idleMs: leaseMs })
    return { lease: { key, partition, owner, fence }, checkpoint, state, blockedKeys: (blocked ?? []).map(readParkingKey) }
  }

  async release(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return
    const { names, generations, partitions, owners, fences } = leaseColumns(leases)
    await this.#one(sql.type(Nothing)`
      select ${this.#name('subscription_release')}(${names}, ${generations}::int[], ${partitions}::int[], ${owners}, ${fences}::bigint[]) as done`)
    for (const lease of leases) this.#commits.counts.forget(lease)
  }

  async leave(memberId: string): Promise<void> {
    await this.#one(sql.type(Nothing)`select ${this.#name('subscription_leave')}(${memberId}) as done`)
  }

  commit(lease: Lease, progress: Progress, effects?: Effects): Promise<void> {
    return this.#commits.commit(lease, progress, effects)
  }

  async markState({ key, partition, fence }: Lease, state: SubscriptionState, failure?: StoredFailure): Promise<boolean> {
    const { count } = await this.#one(sql.type(Count)`
      select ${this.#name('subscription_mark')}(${key.name}, ${key.generation}::int, ${partition}::int, ${fence}::bigint, ${state},
        ${failureJson(failure)}::jsonb) as count`)
    if (count === 0) throw new LeaseLostError(key.name, partition)
    return count === 1
  }

  async control(key: SubscriptionKey, state: SubscriptionState): Promise<void> {
    const answer = await this.#one(sql.type(Controlled)`
      select known, refused from ${this.#name('subscription_control')}(${key.name}, ${key.generation}::int, ${state})`)
    await this.#assertDone(key, answer, state)
  }

  async reset(key: SubscriptionKey, position: number): Promise<void> {
    assertVersion('position', position)
    const answer = await this.#one(sql.type(Controlled)`
      select known, refused from ${this.#name('subscription_reset')}(${key.name}, ${key.generation}::int, ${position}::bigint)`)
    await this.#assertDone(key, answer, 'reset')
  }

  async remove(key: SubscriptionKey): Promise<void> {
    await this.#one(sql.type(Nothing)`select ${this.#name('subscription_remove')}(${key.name}, ${key.generation}::int) as done`)
  }

  async parked(filter: Parameters<SubscriptionStorePort['parked']>[0]): Promise<readonly ParkedEvent[]> {
    const { key, partition, parkingKey, requestedOnly = false, after, limit = 1_000 } = filter
    assertLimit(limit, 10_000)
    if (after !== undefined) assertVersion('after', after)
    const { parked } = await this.#one(sql.type(Parked)`
      select ${this.#name('parked_list')}(${key?.name ?? null}, ${key?.generation ?? null}::int, ${partition ?? null}::int,
        ${parkingKey === undefined ? null : writeParkingKey(parkingKey)}, ${requestedOnly}::boolean, ${after ?? null}::bigint, ${limit}::int) as parked`)
    return (parked ?? []).map(toParkedEvent)
  }

  async request(key: SubscriptionKey, what: 'retry' | 'discard', positions?: readonly number[]): Promise<number> {
    for (const position of positions ?? []) assertVersion('positions', position)
    const { count } = await this.#one(sql.type(Count)`
      select ${this.#name('parked_request')}(${key.name}, ${key.generation}::int, ${what},
        ${positions === undefined ? null : plainArray(positions)}::bigint[]) as count`)
    return count
  }

  async #assertDone(key: SubscriptionKey, { known, refused }: z.output<typeof Controlled>, to: string): Promise<void> {
    if (!known) throw new UnknownSubscriptionError(key.name, [...new Set((await this.list()).map((status) => status.key.name))])
    if (refused !== null) throw new IllegalStateError(key.name, refused, to)
  }

  /** Every statement here may be sent again: what it did the first time it finds done. */
  #one<T>(query: QuerySqlToken<z.ZodType<T>>, retryForMs: number = this.#db.options.retryForMs): Promise<T> {
    const { pools, gates } = this.#db
    return retryWhileUnavailable('a subscription', retryForMs, () => gates.worker.run(() => pools.worker.one(query)))
  }

  #name(fn: string) {
    return sql.identifier([this.#db.schema, fn])
  }

  #statement(name: string): string {
    return `${this.#db.schema}_subscription_${name}`
  }
}

function assertLeaseMs(leaseMs: number): void {
  if (Number.isSafeInteger(leaseMs) && leaseMs >= 1 && leaseMs < 2 ** 31) return
  throw new InvalidInputError('leaseMs', `leaseMs must be a whole number of milliseconds from 1 on, not ${leaseMs}.`)
}
