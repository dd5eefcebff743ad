import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCairn, defineDomain } from '@cairn/cairn'
import { orderFulfilmentWithin } from '@cairn/example-shop'
import { provideTemporal, type TemporalService } from '@cairn/testing/services'
import { queryOnce } from '../../support/query-once.ts'
import { startStoppableServer, type StoppableServer } from '../faults/stoppable-server.ts'
import { start, type Child } from '../projections/child-process.ts'
import { onDatabase, shopDomains } from '../projections/shop-place.ts'
import { createCheckDatabase, type CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import type { OrdersChildSettings, Role, SchedulerKind } from './child-settings.ts'
import { KeptProcess } from './kept-process.ts'

/** PostgreSQL and, where it is wanted, Temporal, both to be killed. */
export interface Servers {
  readonly postgres: StoppableServer
  readonly temporal: TemporalService | undefined
}

/** Both end with `endings`. */
export async function startServers(scheduler: SchedulerKind, endings: Endings): Promise<Servers> {
  const postgres = endings.add(await startStoppableServer(), (server) => server.stop())
  if (scheduler !== 'temporal') return { postgres, temporal: undefined }
  const folder = endings.add(await mkdtemp(join(tmpdir(), 'cairn-stress-temporal-')), (made) => rm(made, { recursive: true, force: true }))
  const own = { own: true, dbFile: join(folder, 'temporal.db'), log: () => undefined }
  return { postgres, temporal: endings.add(await provideTemporal(own), (server) => server.stop()) }
}

export interface OrdersRigOptions {
  readonly scheduler: SchedulerKind
  readonly tenantId: string
  readonly orders: number
  readonly everyMs: number
  readonly readyWithinMs: number
  /** At which invoice each process that is started dies, with its steps broken; as many die as there are numbers. */
  readonly plant?: readonly number[] | undefined
}

/** The shop's processes on a database of their own. */
export class OrdersRig {
  readonly database: CheckDatabase
  readonly servers: Servers
  readonly failures: string[] = []
  readonly options: OrdersRigOptions
  readonly #kept = new Map<Role, KeptProcess[]>()
  readonly #deaths: number[]
  #started = 0
  #placed = 0
  #released = false

  static async open(servers: Servers, options: OrdersRigOptions): Promise<OrdersRig> {
    const database = await createCheckDatabase(servers.postgres.url)
    // Makes the tables of projections, and lets the process manager begin with the first event.
    const { readyWithinMs, tenantId } = options
    const processManagers = [orderFulfilmentWithin({ milliseconds: readyWithinMs })]
    const domains = [...shopDomains, defineDomain('fulfilment', { aggregates: [], processManagers })]
    await (await createCairn({ domains, ...onDatabase(database), defaultTenantId: tenantId })).stop()
    return new OrdersRig(database, servers, options)
  }

  private constructor(database: CheckDatabase, servers: Servers, options: OrdersRigOptions) {
    this.database = database
    this.servers = servers
    this.options = options
    this.#deaths = [...(options.plant ?? [])]
  }

  /** Two workers and, with Temporal, the process that hands rows to it. */
  startWorkers(): void {
    this.#keep('worker', 'worker-child.ts')
    this.#keep('worker', 'worker-child.ts')
    if (this.options.scheduler === 'temporal') this.#keep('pump', 'worker-child.ts')
  }

  /** It keeps its last order back until it is released. */
  startSender(): KeptProcess {
    return this.#keep('sender', 'sender-child.ts', () => ({ from: this.placed, holdsLast: !this.#released }))
  }

  /** Has the sender place its last order, and end. */
  releaseSender(): void {
    this.#released = true
    for (const { child } of this.processes('sender')) child.tell('go on')
  }

  /** The processes that live in a role. */
  processes(role: Role): readonly KeptProcess[] {
    return this.#kept.get(role) ?? []
  }

  /** Orders that the sender has said to be placed. */
  get placed(): number {
    const [sender] = this.processes('sender')
    const last = sender?.child.latest('placed')
    if (typeof last === 'number') this.#placed = Math.max(this.#placed, last + 1)
    return this.#placed
  }

  /** For good, all at once. */
  async killProcesses(): Promise<void> {
    const all = [...this.#kept.values()].flat()
    this.#kept.clear()
    await Promise.all(all.map((kept) => kept.end()))
  }

  /** Has all of them end in order, and takes down those that do not. */
  async finish(): Promise<void> {
    const all = [...this.#kept.values()].flat()
    this.#kept.clear()
    for (const failure of await Promise.all(all.map((kept) => kept.finish()))) if (failure !== undefined) this.failures.push(failure)
  }

  /** As superuser. */
  query<Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return queryOnce<Row>(this.database.url, text.replaceAll('SCHEMA', this.database.schema), values)
  }

  #keep(role: Role, file: string, more: () => Partial<OrdersChildSettings> = () => ({})): KeptProcess {
    const kept = new KeptProcess(
      () => this.#start(role, file, more()),
      (what) => this.failures.push(what),
    )
    this.#kept.set(role, [...this.processes(role), kept])
    return kept
  }

  #start(role: Role, file: string, more: Partial<OrdersChildSettings>): Child {
    const { scheduler, tenantId, orders, everyMs, readyWithinMs, plant } = this.options
    const label = `${role} ${++this.#started}`
    const settings: OrdersChildSettings = {
      database: this.database,
      role,
      label,
      scheduler,
      temporalAddress: this.servers.temporal?.address,
      tenantId,
      readyWithinMs,
      from: 0,
      to: orders,
      everyMs,
      holdsLast: false,
      // The process that carries the steps out dies of it.
      plant: plant === undefined ? undefined : { dieAtInvoice: role === 'worker' ? this.#deaths.shift() : undefined },
      ...more,
    }
    return start([fileURLToPath(new URL(file, import.meta.url))], settings, label)
  }
}
