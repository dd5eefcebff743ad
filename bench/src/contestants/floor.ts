import { migrate } from '@cairn/infra/pg'
import { Client } from 'pg'
import type { Row } from '../rows/row.ts'
import { addLine, emptyBasket, mustBeOpen, type Basket } from '../workload/basket.ts'
import { lineAdded, type LineAdded } from '../workload/payload.ts'
import { hotStreams, seedingOf } from '../workload/seeding.ts'
import { counter, seededId, tenantName } from '../workload/stream-names.ts'
import type { Work } from '../workload/work.ts'
import type { Contestant, OpenContestant, Variant } from './contestant.ts'
import { cairnCounts } from './cairn-counts.ts'
import { eventColumns, receipt } from './floor-columns.ts'
import { floorSql } from './floor-sql.ts'
import { Witness } from './witness.ts'

const seedTenant = tenantName(0)
/** Where the last snapshot of the load row's streams is; see the aggregate that Cairn measures. */
const snapshotAt = 950
/** Events of one statement. */
const eventsAtOnce = 200

function variantsOf({ shape }: Row): Variant[] {
  const connections = shape.kind === 'load' || shape.kind === 'hot' || shape.callers === 1 ? [1] : [1, 2]
  const variants: Variant[] = connections.map((n) => ({ name: `${n} connection${n > 1 ? 's' : ''}` }))
  if (shape.kind === 'append')
    variants.push(...connections.map((n): Variant => ({ name: `events only, ${n} connection${n > 1 ? 's' : ''}`, beside: true })))
  return variants
}

interface SeededStream {
  readonly streamId: string
  readonly aggregateId: string
}

export const openFloor: OpenContestant = async (url, schema) => {
  const sql = floorSql(schema)
  await migrate({ url, schema })
  const witness = await Witness.open(url, cairnCounts(schema))
  const open = new Map<string, readonly Client[]>()
  const clientsOf = async (variant: string): Promise<readonly Client[]> => {
    const known = open.get(variant)
    if (known !== undefined) return known
    const count = Number(/(\d) connection/.exec(variant)?.[1] ?? 1)
    const clients = Array.from(
      { length: count },
      () => new Client({ connectionString: url, application_name: 'bench-floor', options: '-c plan_cache_mode=force_generic_plan' }),
    )
    for (const client of clients) await client.connect()
    open.set(variant, clients)
    return clients
  }
  const drop = async (variant: string): Promise<void> => {
    const clients = open.get(variant) ?? []
    open.delete(variant)
    for (const client of clients) await client.end()
  }
  const fresh = counter()
  const payload = counter()
  const episode = counter()
  let seeded: readonly SeededStream[] = []
  let set = 0
  const seed = async (row: Row): Promise<void> => {
    const { streams, eventsPerStream } = seedingOf(row)
    if (streams === 0) return
    const seeder = new Client({ connectionString: url })
    await seeder.connect()
    const atOnce = Math.max(1, Math.floor(1000 / eventsPerStream))
    for (let done = 0; done < streams; done += atOnce) {
      const count = Math.min(atOnce, streams - done)
      const receipts = Array.from({ length: count }, () => receipt())
      const events = count * eventsPerStream
      await seeder.query({
        ...sql.append,
        values: [
          receipts.map(() => seedTenant),
          receipts.map((_, i) => seededId(done + i, set)),
          receipts.map((r) => r.id),
          receipts.map((r) => r.hash),
          Array.from({ length: events }, (_, i) => Math.floor(i / eventsPerStream) + 1),
          Array.from({ length: events }, (_, i) => (i % eventsPerStream) + 1),
          ...eventColumns(events, counter()),
        ],
      })
    }
    if (row.shape.kind === 'load' && row.shape.snapshots) {
      const state = Array.from({ length: snapshotAt }, (_, i) => lineAdded(i)).reduce(addLine, emptyBasket())
      await seeder.query(sql.takeSnapshots, [snapshotAt, JSON.stringify(state)])
    }
    const found = await seeder.query<{ streamId: string; aggregateId: string }>(
      `select stream_id::text as "streamId", aggregate_id as "aggregateId" from ${schema}.streams
        where aggregate_id between $1 and $2 order by aggregate_id`,
      [seededId(0, set), seededId(streams - 1, set)],
    )
    seeded = found.rows
    await seeder.end()
  }

  const appendBatch = async (client: Client, appends: number, eventsPerAppend: number, tenants: number): Promise<void> => {
    const numbers = Array.from({ length: appends }, fresh)
    const events = appends * eventsPerAppend
    const ids = numbers.map((n) => `new-${n}`)
    const receipts = numbers.map(() => receipt())
    await client.query({
      ...sql.append,
      values: [
        numbers.map((n) => tenantName(n % tenants)),
        ids,
        receipts.map((r) => r.id),
        receipts.map((r) => r.hash),
        Array.from({ length: events }, (_, i) => Math.floor(i / eventsPerAppend) + 1),
        Array.from({ length: events }, (_, i) => (i % eventsPerAppend) + 1),
        ...eventColumns(events, payload),
      ],
    })
  }

  const appendEvents = async (client: Client, appends: number, eventsPerAppend: number): Promise<void> => {
    const numbers = Array.from({ length: appends }, fresh)
    const events = appends * eventsPerAppend
    const owner = (i: number): number => numbers[Math.floor(i / eventsPerAppend)] ?? 0
    await client.query({
      ...sql.eventsOnly,
      values: [
        // Far above the ids that the sequence gives to the streams of the other variants.
        Array.from({ length: events }, (_, i) => (1e12 + owner(i)).toString()),
        Array.from({ length: events }, (_, i) => (i % eventsPerAppend) + 1),
        Array.from({ length: events }, () => seedTenant),
        Array.from({ length: events }, (_, i) => `new-${owner(i)}`),
        ...eventColumns(events, payload),
      ],
    })
  }

  const readHistories = async (
    client: Client,
    streams: readonly SeededStream[],
  ): Promise<Map<string, { state: Basket; version: number }>> => {
    const { rows } = await client.query<{ stream: string; version: number; payload: string }>({
      ...sql.histories,
      values: [streams.map((s) => s.streamId)],
    })
    const states = new Map<string, { state: Basket; version: number }>()
    for (const row of rows) {
      const line: LineAdded = JSON.parse(row.payload)
      states.set(row.stream, { state: addLine(states.get(row.stream)?.state ?? emptyBasket(), line), version: row.version })
    }
    return states
  }

  const storeCommands = async (client: Client, commands: readonly { stream: SeededStream; version: number }[]): Promise<void> => {
    const receipts = commands.map(() => receipt())
    await client.query({
      ...sql.commands,
      values: [
        commands.map((c) => c.stream.streamId),
        commands.map((c) => c.version),
        commands.map(() => seedTenant),
        commands.map((c) => c.stream.aggregateId),
        ...eventColumns(commands.length, payload),
        receipts.map((r) => r.id),
        receipts.map((r) => r.hash),
      ],
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
    async work({ shape }, variant): Promise<Work> {
      const clients = await clientsOf(variant)
      const loops = clients.length
      const clientOf = (loop: number): Client => {
        const client = clients[loop]
        if (client === undefined) throw new Error(`There is no connection ${loop}.`)
        return client
      }
      switch (shape.kind) {
        case 'append': {
          // A lone caller has nothing to share a statement with.
          const appends = shape.callers === 1 ? 1 : Math.max(1, eventsAtOnce / shape.eventsPerAppend)
          return {
            loops,
            async step(loop) {
              if (variant.startsWith('events only')) await appendEvents(clientOf(loop), appends, shape.eventsPerAppend)
              else await appendBatch(clientOf(loop), appends, shape.eventsPerAppend, shape.tenants)
              return appends
            },
          }
        }
        case 'command':
          return {
            loops,
            async step(loop) {
              // Each connection keeps to its own part of the aggregates, so that nobody waits for another's row.
              const part = seeded.length / loops
              const first = Math.floor(loop * part + Math.random() * (part - shape.callers))
              const streams = seeded.slice(first, first + shape.callers)
              const histories = await readHistories(clientOf(loop), streams)
              const decided = streams.map((stream) => {
                const history = histories.get(stream.streamId)
                mustBeOpen(history?.state ?? emptyBasket())
                return { stream, version: (history?.version ?? 0) + 1 }
              })
              await storeCommands(clientOf(loop), decided)
              return decided.length
            },
          }
        case 'hot':
          return {
            loops: 1,
            async step() {
              const stream = seeded[episode()]
              if (stream === undefined) throw new Error(`The ${hotStreams} seeded aggregates are used up: ask for fewer seconds or rounds.`)
              for (let i = 0; i < shape.commandsPerCaller; i++) {
                const history = (await readHistories(clientOf(0), [stream])).get(stream.streamId)
                mustBeOpen(history?.state ?? emptyBasket())
                const version = history?.version ?? 0
                await storeCommands(
                  clientOf(0),
                  Array.from({ length: shape.callers }, (_, n) => ({ stream, version: version + n + 1 })),
                )
              }
              return shape.callers * shape.commandsPerCaller
            },
          }
        case 'load':
          return {
            loops: 1,
            async step() {
              const id = seededId(fresh() % seeded.length)
              let state = emptyBasket()
              let version = 0
              if (shape.snapshots) {
                const { rows } = await clientOf(0).query<{ version: number; state: string }>({ ...sql.snapshot, values: [seedTenant, id] })
                const stored: Basket = JSON.parse(rows[0]?.state ?? 'null')
                state = stored
                version = rows[0]?.version ?? 0
              }
              const { rows } = await clientOf(0).query<{ payload: string }>({ ...sql.load, values: [seedTenant, id, version] })
              for (const row of rows) {
                const line: LineAdded = JSON.parse(row.payload)
                state = addLine(state, line)
              }
              if (state.lines !== shape.events) throw new Error(`${state.lines} events were folded, not ${shape.events}.`)
              return 1
            },
          }
      }
    },
    witness,
    drop,
    async close() {
      for (const variant of open.keys()) await drop(variant)
      await witness.close()
    },
  }
  return contestant
}
