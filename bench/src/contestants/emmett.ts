import { CommandHandler, isExpectedVersionConflictError, type AsyncRetryOptions, type Event } from '@event-driven-io/emmett'
import { getPostgreSQLEventStore, type PostgresEventStore } from '@event-driven-io/emmett-postgresql'
import { Pool } from 'pg'
import type { Row } from '../rows/row.ts'
import { addLine, emptyBasket, mustBeOpen, type Basket } from '../workload/basket.ts'
import { counter, seededId, tenantName } from '../workload/stream-names.ts'
import { lineAdded, type LineAdded } from '../workload/payload.ts'
import { lines, seedingOf } from '../workload/seeding.ts'
import type { Work } from '../workload/work.ts'
import type { Contestant, LogEntry, OpenContestant, Variant } from './contestant.ts'
import { hotEpisodes } from './hot-episodes.ts'
import { inParallel } from './in-parallel.ts'
import { Witness } from './witness.ts'

// Emmett wants data with an index signature, which an interface does not have and a mapped type does.
type BasketEvent = Event<'LineAdded', { readonly [K in keyof LineAdded]: LineAdded[K] }>

const evolve = (state: Basket, event: BasketEvent): Basket => addLine(state, event.data)
const event = (data: LineAdded): BasketEvent => ({ type: 'LineAdded', data })
const seededStream = (n: number, set = 0): string => `basket-${seededId(n, set)}`

/**
 * Emmett's own retry on conflict. Its default (3 tries, from 100 ms on) gives up with this many callers on one stream;
 * these were the best of those tried (1-10, 5-50, 10-200, 50-500 ms), each with tries enough that no caller fails.
 */
const retries: Readonly<Record<string, AsyncRetryOptions>> = {
  'retry 10-200 ms': { minTimeout: 10, maxTimeout: 200 },
  'retry 50-500 ms': { minTimeout: 50, maxTimeout: 500 },
}

function variantsOf(row: Row): Variant[] {
  switch (row.shape.kind) {
    case 'hot':
      // Few connections suit it best here: they meet fewer conflicts.
      return [1, 3, 10].flatMap((pool) => Object.keys(retries).map((retry) => ({ name: `pool ${pool}, ${retry}` })))
    case 'load':
      return [{ name: 'pool 10' }]
    default:
      return (row.shape.callers === 1 ? [10] : [5, 10, 20, 40]).map((pool) => ({ name: `pool ${pool}` }))
  }
}

export const openEmmett: OpenContestant = async (url) => {
  const open = new Map<string, { readonly store: PostgresEventStore; readonly pool: Pool }>()
  const storeOf = (variant: string): PostgresEventStore => {
    const known = open.get(variant)
    if (known !== undefined) return known.store
    const pool = new Pool({ connectionString: url, max: Number(/^pool (\d+)/.exec(variant)?.[1] ?? 10) })
    // The schema is there already: the check before each call is saved.
    const store = getPostgreSQLEventStore(url, { connectionOptions: { pool }, schema: { autoMigration: 'None' } })
    open.set(variant, { store, pool })
    return store
  }
  const drop = async (variant: string): Promise<void> => {
    const known = open.get(variant)
    open.delete(variant)
    await known?.store.close()
    if (known !== undefined && !known.pool.ended) await known.pool.end()
  }
  const migrator = getPostgreSQLEventStore(url)
  await migrator.schema.migrate()
  await migrator.close()
  const witness = await Witness.open(url, {
    events: 'select count(*) as n from emt_messages',
    brokenStreams: `select count(*) as n from (select 1 from emt_messages group by stream_id
      having min(stream_position) <> 1 or max(stream_position) <> count(*)) s`,
  })
  const fresh = counter()
  const payload = counter()
  let set = 0
  const seed = async (row: Row): Promise<void> => {
    const { streams, eventsPerStream } = seedingOf(row)
    if (streams === 0) return
    const store = storeOf('pool 10')
    await inParallel(streams, 10, (n) => store.appendToStream(seededStream(n, set), lines(0, eventsPerStream).map(event)))
  }

  const work = async (row: Row, variant: string): Promise<Work> => {
    const store = storeOf(variant)
    const { shape } = row
    switch (shape.kind) {
      case 'append':
        return {
          loops: shape.callers,
          async step() {
            const n = fresh()
            const events = Array.from({ length: shape.eventsPerAppend }, () => event(lineAdded(payload())))
            await store.appendToStream(`basket-${tenantName(n % shape.tenants)}-${n}`, events, { expectedStreamVersion: 0n })
            return 1
          },
        }
      case 'command': {
        const handle = CommandHandler<Basket, BasketEvent>({ evolve, initialState: emptyBasket, retry: { onVersionConflict: true } })
        return {
          loops: shape.callers,
          async step() {
            const stream = seededStream(Math.floor(Math.random() * shape.aggregates), set)
            await handle(store, stream, (basket) => {
              mustBeOpen(basket)
              return event(lineAdded(payload()))
            })
            return 1
          },
        }
      }
      case 'hot': {
        const retry = { retries: 100_000, factor: 1.5, randomize: true, ...retries[variant.replace(/^pool \d+, /, '')] }
        const handle = CommandHandler<Basket, BasketEvent>({
          evolve,
          initialState: emptyBasket,
          retry: { onVersionConflict: { ...retry, shouldRetryError: isExpectedVersionConflictError } },
        })
        return hotEpisodes(shape, fresh, async (n) => {
          await handle(store, seededStream(n), (basket) => {
            mustBeOpen(basket)
            return event(lineAdded(payload()))
          })
        })
      }
      case 'load':
        return {
          loops: shape.callers,
          async step() {
            const stream = seededStream(fresh() % seedingOf(row).streams)
            const { state } = await store.aggregateStream<Basket, BasketEvent>(stream, { evolve, initialState: emptyBasket })
            if (state.lines !== shape.events) throw new Error(`${state.lines} events were folded, not ${shape.events}.`)
            return 1
          },
        }
    }
  }

  const contestant: Contestant = {
    async prepare(row) {
      await seed(row)
      return variantsOf(row)
    },
    renew(row) {
      set++
      return seed(row)
    },
    work,
    witness,
    async tail() {
      const store = getPostgreSQLEventStore(url, { schema: { autoMigration: 'None' } })
      const consumer = store.consumer<BasketEvent>({ pulling: { batchSize: 1000, pullingFrequencyInMs: 5 } })
      let seen: LogEntry[] = []
      consumer.reactor<BasketEvent>({
        processorId: 'bench-order',
        eachMessage: ({ metadata }) => {
          seen.push({ stream: metadata.streamName, version: Number(metadata.streamPosition) })
        },
      })
      const running = consumer.start()
      running.catch(() => undefined)
      return {
        async poll() {
          const now = seen
          seen = []
          return now
        },
        async stop() {
          await consumer.close()
          await running.catch(() => undefined)
          await store.close()
        },
      }
    },
    drop,
    async close() {
      for (const variant of open.keys()) await drop(variant)
      await witness.close()
    },
  }
  return contestant
}
