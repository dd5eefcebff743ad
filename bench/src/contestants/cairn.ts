import { createCairn, hashCommand, uuidv7, type Cairn, type EventToStore } from '@cairn/cairn'
import { migrate, openPg, PgEventStore } from '@cairn/infra/pg'
import type { Row } from '../rows/row.ts'
import { lineAdded } from '../workload/payload.ts'
import { lines, seedingOf } from '../workload/seeding.ts'
import { counter, seededId, tenantName } from '../workload/stream-names.ts'
import type { Work } from '../workload/work.ts'
import { Basket, basketCommands, basketEvents, plainDomain, SnapshottedBasket, snapshottedDomain } from './cairn-basket.ts'
import { cairnCounts } from './cairn-counts.ts'
import { createLogins } from './cairn-logins.ts'
import type { Contestant, LogEntry, OpenContestant, Variant } from './contestant.ts'
import { hotEpisodes } from './hot-episodes.ts'
import { inParallel } from './in-parallel.ts'
import { Witness } from './witness.ts'

const tenantId = tenantName(0)
const asShipped = 'as shipped'
const withCache = 'aggregate cache 10,000'

function variantsOf({ shape }: Row): Variant[] {
  const variants: Variant[] = [{ name: asShipped }]
  if (shape.kind === 'command' || shape.kind === 'hot') variants.push({ name: withCache, beside: true })
  return variants
}

/** Through the public classes, as the application role: row-level security, command ids and triggers are on. */
export const openCairn: OpenContestant = async (url, schema) => {
  const { contextKey } = await migrate({ url, schema })
  const logins = await createLogins(url, schema)
  const witness = await Witness.open(url, cairnCounts(schema))
  const connection = { schema, contextKey, workerUrl: logins.worker }
  const db = await openPg({ ...connection, url: logins.app })
  const store = new PgEventStore(db)
  const apps = new Map<string, Promise<Cairn<typeof plainDomain>>>()
  const appOf = (variant: string, snapshots: boolean): Promise<Cairn<typeof plainDomain>> => {
    const known = apps.get(variant)
    if (known !== undefined) return known
    const app = createCairn({
      ...connection,
      domains: [snapshots ? snapshottedDomain : plainDomain],
      database: logins.app,
      migrate: false,
      aggregateCache: variant === withCache ? 10_000 : 0,
    })
    apps.set(variant, app)
    return app
  }
  const drop = async (variant: string): Promise<void> => {
    const app = await apps.get(variant)
    apps.delete(variant)
    await app?.stop()
  }
  const fresh = counter()
  const payload = counter()
  let set = 0
  const seed = async (row: Row): Promise<void> => {
    const { streams, eventsPerStream } = seedingOf(row)
    if (streams === 0) return
    const app = await appOf(asShipped, row.shape.kind === 'load' && row.shape.snapshots)
    const first = Math.min(50, eventsPerStream)
    await inParallel(streams, 50, async (n) => {
      const basketId = seededId(n, set)
      await app.dispatch(basketCommands.start({ basketId, lines: lines(0, first) }), { tenantId })
      for (let i = first; i < eventsPerStream; i += 50) {
        await app.dispatch(basketCommands.addLines({ basketId, lines: lines(i, Math.min(50, eventsPerStream - i)) }), { tenantId })
      }
    })
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
    async work(row, variant): Promise<Work> {
      const { shape } = row
      if (shape.kind === 'append') {
        return {
          loops: shape.callers,
          async step() {
            const n = fresh()
            const stream = { tenantId: tenantName(n % shape.tenants), aggregateType: 'basket', aggregateId: `new-${n}` }
            const command = { id: uuidv7(), type: 'basket.start', aggregateType: 'basket', aggregateId: stream.aggregateId }
            const events = Array.from({ length: shape.eventsPerAppend }, (): EventToStore => ({
              id: uuidv7(),
              type: basketEvents.lineAdded.type,
              payload: lineAdded(payload()),
              metadata: { correlationId: command.id, causationId: command.id, schemaVersion: 1 },
            }))
            const hash = hashCommand({ ...command, payload: events.map((event) => event.payload) })
            await store.append({ stream, expected: 0, events, command: { id: command.id, hash } })
            return 1
          },
        }
      }
      const app = await appOf(variant, shape.kind === 'load' && shape.snapshots)
      switch (shape.kind) {
        case 'command':
          return {
            loops: shape.callers,
            async step() {
              const basketId = seededId(Math.floor(Math.random() * shape.aggregates), set)
              await app.dispatch(basketCommands.addLine({ basketId, ...lineAdded(payload()) }), { tenantId })
              return 1
            },
          }
        case 'hot':
          return hotEpisodes(shape, fresh, async (n) => {
            await app.dispatch(basketCommands.addLine({ basketId: seededId(n), ...lineAdded(payload()) }), { tenantId })
          })
        case 'load':
          return {
            loops: shape.callers,
            async step() {
              const basket = shape.snapshots ? SnapshottedBasket : Basket
              const { state } = await app.load(basket, seededId(fresh() % seedingOf(row).streams), { tenantId })
              if (state.lines !== shape.events) throw new Error(`${state.lines} events were folded, not ${shape.events}.`)
              return 1
            },
          }
      }
    },
    witness,
    async tail() {
      let after = 0
      return {
        async poll() {
          const seen: LogEntry[] = []
          for (;;) {
            const page = await store.readAll({ after, limit: 1000 })
            for (const event of page.events) seen.push({ stream: `${event.tenantId}/${event.aggregateId}`, version: event.version })
            after = page.next
            if (page.events.length < 1000) return seen
          }
        },
        async stop() {},
      }
    },
    drop,
    async close() {
      for (const variant of apps.keys()) await drop(variant)
      await store.drained()
      await db.close()
      await witness.close()
    },
  }
  return contestant
}
