import knex from 'knex'
import { Pool } from 'pg'
import postgres from 'postgres'
import type { Row } from '../rows/row.ts'
import { addLine, emptyBasket, mustBeOpen } from '../workload/basket.ts'
import { lineAdded, type LineAdded } from '../workload/payload.ts'
import { lines, seedingOf } from '../workload/seeding.ts'
import { counter, seededId, tenantName } from '../workload/stream-names.ts'
import type { Work } from '../workload/work.ts'
import type { Contestant, LogEntry, OpenContestant, Variant } from './contestant.ts'
import { evtstore, knexProvider, pgProvider, postgresJsProvider, type BasketEvent, type Provider } from './evtstore-module.ts'
import { hotEpisodes } from './hot-episodes.ts'
import { inParallel } from './in-parallel.ts'
import { Witness } from './witness.ts'

const stream = 'basket'
const event = (line: LineAdded): BasketEvent => ({ type: 'LineAdded', ...line })

interface Opened {
  readonly provider: Provider
  close(): Promise<void>
}

const providers: Readonly<Record<string, (url: string, size: number) => Opened>> = {
  pg(url, size) {
    const client = new Pool({ connectionString: url, max: size })
    return { provider: pgProvider.createProvider({ client, events: 'events', bookmarks: 'bookmarks' }), close: () => client.end() }
  },
  'postgres.js'(url, size) {
    const sql = postgres(url, { max: size, onnotice() {} })
    return { provider: postgresJsProvider.createProvider({ sql, events: 'events', bookmarks: 'bookmarks' }), close: () => sql.end() }
  },
  knex(url, size) {
    const client = knex({ client: 'pg', connection: url, pool: { min: 0, max: size } })
    return {
      provider: knexProvider.createProvider({ events: () => client.table('events'), bookmarks: () => client.table('bookmarks') }),
      close: () => client.destroy(),
    }
  },
}

function variantsOf(row: Row): Variant[] {
  // On a hot aggregate few connections suit it best: they meet fewer conflicts.
  const sizes = row.shape.callers === 1 ? [10] : row.shape.kind === 'hot' ? [1, 10] : [10, 20, 40]
  return Object.keys(providers).flatMap((provider) => sizes.map((size) => ({ name: `${provider}, pool ${size}` })))
}

export const openEvtstore: OpenContestant = async (url) => {
  const open = new Map<string, Opened>()
  const providerOf = (variant: string): Provider => {
    const known = open.get(variant)
    if (known !== undefined) return known.provider
    const [, name = '', size = ''] = /^(.*), pool (\d+)$/.exec(variant) ?? []
    const make = providers[name]
    if (make === undefined) throw new Error(`evtstore has no provider "${name}".`)
    const opened = make(url, Number(size))
    open.set(variant, opened)
    return opened.provider
  }
  const drop = async (variant: string): Promise<void> => {
    const known = open.get(variant)
    open.delete(variant)
    await known?.close()
  }
  const migrator = new Pool({ connectionString: url })
  await pgProvider.migrate({ client: migrator, events: 'events', bookmarks: 'bookmarks' })
  await migrator.end()
  const witness = await Witness.open(url, {
    events: 'select count(*) as n from events',
    brokenStreams: `select count(*) as n from (select 1 from events group by stream, aggregate_id
      having min(version) <> 1 or max(version) <> count(*)) s`,
  })
  const fresh = counter()
  const payload = counter()
  let set = 0
  const seeder = 'pg, pool 10'
  const seed = async (row: Row): Promise<void> => {
    const { streams, eventsPerStream } = seedingOf(row)
    if (streams === 0) return
    const provider = providerOf(seeder)
    // Its own form of a snapshot keeps the state in each event, so such streams are written through commands.
    const persist = row.shape.kind === 'load' && row.shape.snapshots
    const commands = commandsOf(provider, true)
    await inParallel(streams, 10, async (n) => {
      const id = seededId(n, set)
      const bulk = persist ? 1 : eventsPerStream
      await provider.append(stream, id, 1, provider.createEvents(stream, id, 1, lines(0, bulk).map(event)))
      for (let i = bulk; i < eventsPerStream; i++) await commands.add(id, { line: lineAdded(i) })
    })
  }

  const work = async (row: Row, variant: string): Promise<Work> => {
    const provider = providerOf(variant)
    const { shape } = row
    switch (shape.kind) {
      case 'append':
        return {
          loops: shape.callers,
          async step() {
            const n = fresh()
            const id = `${tenantName(n % shape.tenants)}-${n}`
            const events = Array.from({ length: shape.eventsPerAppend }, () => event(lineAdded(payload())))
            await provider.append(stream, id, 1, provider.createEvents(stream, id, 1, events))
            return 1
          },
        }
      case 'command': {
        const commands = commandsOf(provider, false)
        return {
          loops: shape.callers,
          async step() {
            const line = lineAdded(payload())
            await untilApplied(() => commands.add(seededId(Math.floor(Math.random() * shape.aggregates), set), { line }))
            return 1
          },
        }
      }
      case 'hot': {
        const commands = commandsOf(provider, false)
        return hotEpisodes(shape, fresh, async (n) => {
          const line = lineAdded(payload())
          await untilApplied(() => commands.add(seededId(n), { line }))
        })
      }
      case 'load': {
        const { basket } = domainOf(provider, shape.snapshots).domain
        return {
          loops: shape.callers,
          async step() {
            const state = await basket.getAggregate(seededId(fresh() % seedingOf(row).streams))
            if (state.lines !== shape.events) throw new Error(`${state.lines} events were folded, not ${shape.events}.`)
            return 1
          },
        }
      }
    }
  }

  const contestant: Contestant = {
    async prepare(row) {
      const variants = variantsOf(row)
      await seed(row)
      if (!variants.some((variant) => variant.name === seeder)) await drop(seeder)
      return variants
    },
    renew(row) {
      set++
      return seed(row)
    },
    work,
    witness,
    async tail() {
      const { provider, close } = providers['postgres.js']?.(url, 1) ?? { provider: undefined, close: async () => undefined }
      if (provider === undefined) throw new Error('evtstore has no provider for postgres.js.')
      const handler = domainOf(provider, false).createHandler(evtstore.MemoryBookmark, [stream])
      let seen: LogEntry[] = []
      handler.handle(stream, 'LineAdded', async (id, _event, meta) => {
        seen.push({ stream: id, version: meta.version })
      })
      return {
        async poll() {
          await handler.runOnce()
          const now = seen
          seen = []
          return now
        },
        stop: () => close(),
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

function domainOf(provider: Provider, persist: boolean) {
  const basket = evtstore.createAggregate({
    stream,
    create: emptyBasket,
    fold: (line, state) => addLine(state, line),
    ...(persist ? { version: '1', persistAggregate: true } : {}),
  })
  return evtstore.createDomain({ provider, useCache: false }, { basket })
}

function commandsOf(provider: Provider, persist: boolean) {
  return evtstore.createCommands(domainOf(provider, persist).domain.basket, {
    async add(command, state) {
      mustBeOpen(state)
      return event(command.line)
    },
  })
}

/** evtstore leaves the retry on conflict to its caller; at once is the fastest of those tried. */
async function untilApplied(command: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await command()
      return
    } catch (error) {
      // It calls every failure of the database a version conflict, so there has to be an end.
      if (!(error instanceof evtstore.VersionError) || tries === 10_000) throw error
    }
  }
}
