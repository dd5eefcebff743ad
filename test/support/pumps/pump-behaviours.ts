import {
  ChangePumpSource,
  RealtimePumpBase,
  type ChangeLogPort,
  type ChangePumpParts,
  type HintsPort,
  type PumpBatch,
  type PumpConfig,
  type PumpState,
  type SubscriptionStorePort,
} from '@cairn/core'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../processes.ts'

/** A row of the table that these tests watch. */
export interface Parcel {
  readonly id: string
  readonly tenant_id: string
  readonly status: string
  readonly weight: number
}

/** A database with a watched table `parcels`, and what pumps need of it. */
export interface PumpRig {
  readonly schema: string
  readonly changes: ChangeLogPort
  readonly store: SubscriptionStorePort
  readonly hints: HintsPort
  insert(...parcels: readonly Parcel[]): Promise<void>
  setStatus(id: string, status: string): Promise<void>
  remove(id: string): Promise<void>
}

export function parcel(id: string, fields: Partial<Parcel> = {}): Parcel {
  return { id, tenant_id: 'alpha', status: 'pending', weight: 1, ...fields }
}

export function parcels(count: number, prefix = 'p'): readonly Parcel[] {
  return Array.from({ length: count }, (_, i) => parcel(`${prefix}-${i}`))
}

/** A lost hint: nobody is ever woken. */
const deaf: HintsPort = { listen: () => () => undefined, close: async () => undefined }
/** Leases that nobody loses, on a machine that does other things besides: what comes is counted here. */
const fast = { leaseMs: 20_000, heartbeatMs: 40, pollMs: 20, outageMs: 5 }
const quick = { backoff: { kind: 'fixed', delayMs: 5 } } as const

/** What a pump of changes does, whatever keeps the changes. */
export function pumpBehaviours(open: () => Promise<PumpRig>): void {
  let made = 0
  const running: RealtimePumpBase<Parcel>[] = []

  afterEach(async () => {
    for (const pump of running.splice(0)) await pump.stop()
  })

  function pumpOn(
    rig: PumpRig,
    config: Partial<PumpConfig<Parcel>> & Pick<PumpConfig<Parcel>, 'processBatch'>,
    parts: Partial<ChangePumpParts> = {},
  ) {
    const { changes, store, hints } = rig
    const source = new ChangePumpSource({ changes, store, hints, ...parts, engine: { ...fast, ...parts.engine } })
    const eventSpec = { event: 'INSERT', schema: rig.schema, table: 'parcels' } as const
    const pump = new RealtimePumpBase<Parcel>(
      { channel: `parcels-${++made}-${process.pid}`, eventSpec, retry: quick, ...config },
      { source },
    )
    running.push(pump)
    return pump
  }

  /** Notes what comes. */
  function noting() {
    const batches: (readonly string[])[] = []
    const seen: string[] = []
    const processBatch = (rows: readonly Parcel[]): void => {
      batches.push(rows.map(({ id }) => id))
      seen.push(...rows.map(({ id }) => id))
    }
    return { batches, seen, processBatch }
  }

  test('rows come in order, in batches of 50 at most unless it says otherwise', async () => {
    const rig = await open()
    const [usual, small] = [noting(), noting()]
    await pumpOn(rig, usual).start()
    await pumpOn(rig, { ...small, batchSize: 7 }).start()
    const rows = parcels(120, 'order')
    await rig.insert(...rows)
    expect(await eventually(() => usual.seen.length >= 120 && small.seen.length >= 120)).toBe(true)
    expect(usual.seen).toEqual(rows.map(({ id }) => id))
    expect(small.seen).toEqual(rows.map(({ id }) => id))
    expect(Math.max(...usual.batches.map((batch) => batch.length))).toBe(50)
    expect(Math.max(...small.batches.map((batch) => batch.length))).toBe(7)
  })

  test('only the kind of change that was asked for comes, with the row before and behind it', async () => {
    const rig = await open()
    const kinds: string[] = []
    const note = (_: readonly Parcel[], { changes }: PumpBatch<Parcel>): void => {
      for (const { operation, row, oldRow, tenantId } of changes) kinds.push(`${operation} ${oldRow?.status} ${row.status} ${tenantId}`)
    }
    const updated = noting()
    const spec = { schema: rig.schema, table: 'parcels' }
    await pumpOn(rig, { eventSpec: { ...spec, event: '*' }, processBatch: note }).start()
    await pumpOn(rig, { ...updated, eventSpec: { ...spec, event: 'UPDATE' } }).start()
    await rig.insert(parcel('kind-1'))
    await rig.setStatus('kind-1', 'sent')
    await rig.remove('kind-1')
    expect(await eventually(() => kinds.length >= 3)).toBe(true)
    expect(kinds).toEqual(['INSERT undefined pending alpha', 'UPDATE pending sent alpha', 'DELETE sent sent alpha'])
    expect(await eventually(() => updated.seen.length >= 1)).toBe(true)
    expect(updated.seen).toEqual(['kind-1'])
  })

  test('rows that the filter does not match never come, and those that validate refuses are counted', async () => {
    const rig = await open()
    const offered: string[] = []
    const { seen, processBatch } = noting()
    const pump = pumpOn(rig, {
      processBatch,
      eventSpec: { event: 'INSERT', schema: rig.schema, table: 'parcels', filter: 'weight=gte.10' },
      validate: ({ id, status }) => {
        offered.push(id)
        return status === 'pending'
      },
    })
    await pump.start()
    await rig.insert(
      parcel('light', { weight: 9 }),
      parcel('heavy', { weight: 10 }),
      parcel('sent', { weight: 30, status: 'sent' }),
      parcel('heavier', { weight: 100 }),
    )
    expect(await eventually(() => pump.status.counters.processed >= 2)).toBe(true)
    expect(seen).toEqual(['heavy', 'heavier'])
    expect(offered).toEqual(['heavy', 'sent', 'heavier'])
    expect(pump.status.counters).toEqual({ skipped: 1, processed: 2, failed: 0, retried: 0 })
  })

  test('a batch that fails is said to have failed, comes again, and is lost by nothing', async () => {
    const rig = await open()
    const states: PumpState[] = []
    const done: string[] = []
    let left = 6
    const pump = pumpOn(rig, {
      batchSize: 10,
      onStatus: (state) => states.push(state),
      processBatch: (rows) => {
        if (left-- > 0) throw new Error('The other side is away.')
        done.push(...rows.map(({ id }) => id))
      },
    })
    await pump.start()
    const rows = parcels(25, 'fail')
    await rig.insert(...rows)
    expect(await eventually(() => pump.status.state === 'error' || done.length > 0)).toBe(true)
    expect(await eventually(() => new Set(done).size === 25)).toBe(true)
    expect([...new Set(done)]).toEqual(rows.map(({ id }) => id))
    expect(pump.status).toMatchObject({ state: 'subscribed', error: undefined, counters: { failed: 6, retried: 6 } })
    expect(states).toEqual(expect.arrayContaining(['starting', 'subscribed', 'error']))
    expect(states.at(-1)).toBe('subscribed')
  })

  test('a row that cannot be handled is set aside where the pump says so, and the others go on', async () => {
    const rig = await open()
    const done: string[] = []
    const pump = pumpOn(rig, {
      retry: { ...quick, attempts: 2 },
      onExhausted: 'park',
      processBatch: (rows) => {
        if (rows.some(({ id }) => id === 'poison')) throw new Error('Never.')
        done.push(...rows.map(({ id }) => id))
      },
    })
    await pump.start()
    await rig.insert(parcel('before'), parcel('poison'), parcel('behind'))
    expect(await eventually(() => done.includes('behind'))).toBe(true)
    expect([...new Set(done)]).toEqual(['before', 'behind'])
    const parked = async () => rig.store.parked({ key: { name: pump.channel, generation: 1 } })
    expect(await eventually(async () => (await parked()).length === 1)).toBe(true)
  })

  test('one that has ended by a failure says so, also when it starts again, until it is resumed', async () => {
    const rig = await open()
    let broken = true
    const channel = `ending-${++made}-${process.pid}`
    const key = { name: channel, generation: 1 }
    const done: string[] = []
    const processBatch = (rows: readonly Parcel[]): void => {
      if (broken) throw new Error('The other side is gone.')
      done.push(...rows.map(({ id }) => id))
    }
    const config = { channel, processBatch, retry: { ...quick, attempts: 1 } }
    const first = pumpOn(rig, config)
    await first.start()
    await rig.insert(parcel('ending'))
    const failed = async () => (await rig.store.get(key))?.partitions[0]?.state === 'failed'
    expect(await eventually(failed)).toBe(true)
    await first.stop()
    const pump = pumpOn(rig, config)
    await pump.start()
    const error = { message: expect.stringContaining('failed: The other side is gone.') }
    expect(pump.status).toMatchObject({ state: 'error', error })
    broken = false
    await rig.store.control(key, 'catching-up')
    expect(await eventually(() => pump.status.state === 'subscribed' && done.length === 1)).toBe(true)
    await rig.store.control(key, 'paused')
    expect(await eventually(() => pump.status.state === 'error')).toBe(true)
    expect(pump.status).toMatchObject({ error: { message: expect.stringContaining('is paused') } })
  })

  test('one batch at a time: a slow one is not overtaken', async () => {
    const rig = await open()
    let [under, most, done] = [0, 0, 0]
    const pump = pumpOn(rig, {
      batchSize: 5,
      processBatch: async (rows) => {
        most = Math.max(most, ++under)
        await new Promise((resolve) => setTimeout(resolve, 15))
        done += rows.length
        under--
      },
    })
    await pump.start()
    for (let i = 0; i < 6; i++) await rig.insert(...parcels(5, `slow-${i}`))
    expect(await eventually(() => done === 30)).toBe(true)
    expect(most).toBe(1)
  })

  test('two channels know nothing of each other', async () => {
    const rig = await open()
    const good = noting()
    const broken = pumpOn(rig, {
      processBatch: () => {
        throw new Error('Always.')
      },
    })
    await broken.start()
    await pumpOn(rig, good).start()
    const rows = parcels(12, 'two')
    await rig.insert(...rows)
    expect(await eventually(() => good.seen.length === 12)).toBe(true)
    expect(good.seen).toEqual(rows.map(({ id }) => id))
    expect(await eventually(() => broken.status.counters.failed > 1)).toBe(true)
    expect(broken.status).toMatchObject({ state: 'error', counters: { processed: 0 } })
  })

  test('a new pump begins with what changes from now on, or where it says; a stopped one goes on where it was', async () => {
    const rig = await open()
    await rig.insert(parcel('old'))
    const [late, whole] = [noting(), noting()]
    const pump = pumpOn(rig, late)
    await pump.start()
    await pumpOn(rig, { ...whole, from: 'start' }).start()
    await rig.insert(parcel('first'))
    expect(await eventually(() => late.seen.length === 1 && whole.seen.includes('first'))).toBe(true)
    await pump.stop()
    expect(pump.status.state).toBe('stopped')
    await rig.insert(parcel('meanwhile'))
    await pump.start()
    await rig.insert(parcel('then'))
    expect(await eventually(() => late.seen.length === 3)).toBe(true)
    expect(late.seen).toEqual(['first', 'meanwhile', 'then'])
    expect(whole.seen).toContain('old')
  })

  test('a process that dies between a batch and its checkpoint leaves the batch to the next, with the same ids', async () => {
    const rig = await open()
    const ids: string[] = []
    const note = (rows: readonly Parcel[], { changes }: PumpBatch<Parcel>): void => {
      ids.push(...changes.map(({ id }) => id))
    }
    let dead = false
    const channel = `dying-${++made}-${process.pid}`
    const faults = (point: string): void => {
      if (point !== 'batch-handled') return
      dead = true
      throw new Error('died')
    }
    const dying = pumpOn(rig, { channel, processBatch: note }, { engine: { faults, outageMs: 60_000 } })
    await dying.start()
    await rig.insert(...parcels(3, 'die'))
    expect(await eventually(() => dead)).toBe(true)
    expect(ids).toHaveLength(3)
    await dying.stop()
    await pumpOn(rig, { channel, processBatch: note }).start()
    expect(await eventually(() => ids.length >= 6)).toBe(true)
    expect(ids.slice(3)).toEqual(ids.slice(0, 3))
    expect(new Set(ids).size).toBe(3)
  })

  test('what waits for a slow pump waits in the database: no more than a few batches are in memory', async () => {
    const rig = await open()
    let [read, done, most] = [0, 0, 0]
    const counting: ChangeLogPort = {
      watched: (schema, table) => rig.changes.watched(schema, table),
      reader(selection) {
        const reader = rig.changes.reader(selection)
        return {
          logId: () => reader.logId(),
          head: () => reader.head(),
          positionAt: (time) => reader.positionAt(time),
          async read(options) {
            const page = await reader.read(options)
            read += page.events.length
            return page
          },
        }
      },
    }
    const pump = pumpOn(
      rig,
      {
        batchSize: 5,
        processBatch: async (rows) => {
          most = Math.max(most, read - done)
          await new Promise((resolve) => setTimeout(resolve, 2))
          done += rows.length
        },
      },
      { changes: counting },
    )
    await pump.start()
    for (let i = 0; i < 20; i++) await rig.insert(...parcels(50, `flood-${i}`))
    expect(await eventually(() => done >= 1_000)).toBe(true)
    // Five pages of two batches, however many rows wait.
    expect(most).toBeLessThanOrEqual(60)
  })

  test('it needs no hints', async () => {
    const rig = await open()
    const { seen, processBatch } = noting()
    await pumpOn(rig, { processBatch }, { hints: deaf }).start()
    await rig.insert(parcel('quiet'))
    expect(await eventually(() => seen.length === 1)).toBe(true)
  })

  test('a pump can be a subclass', async () => {
    const rig = await open()
    const { changes, store, hints } = rig
    class Labels extends RealtimePumpBase<Parcel> {
      readonly printed: string[] = []
      constructor() {
        super(
          {
            channel: `labels-${process.pid}`,
            eventSpec: { event: 'INSERT', schema: rig.schema, table: 'parcels' },
            processBatch: (rows) => this.printed.push(...rows.map(({ id }) => id)),
          },
          { source: new ChangePumpSource({ changes, store, hints, engine: fast }) },
        )
      }
    }
    const labels = new Labels()
    running.push(labels)
    await labels.start()
    await rig.insert(parcel('labelled'))
    expect(await eventually(() => labels.printed.length === 1)).toBe(true)
  })
}
