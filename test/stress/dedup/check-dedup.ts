import { isDeepStrictEqual } from 'node:util'
import { streamMapKey, uuidv7, type EventStorePort, type ExpectedVersion, type StreamKey } from '@cairn/core'
import type { Client } from 'pg'
import { only, openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { eventsOf, streamOf } from '../support/events.ts'
import { places, storeOf } from '../support/places.ts'
import { storedIds } from '../support/stored-ids.ts'
import { openStores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { contentOf, requestOf, sendAll, type Answers } from './one-command.ts'

export interface DedupOptions {
  readonly racers: number
  readonly rounds: number
  /** How many stores the racers are spread over. */
  readonly stores: number
}

export interface DedupVerdict extends Verdict {
  readonly races: number
  /** Races in which not exactly one answer said that it was the first. */
  readonly notOneFirst: number
  /** Races in which two answers differed in events, version or position. */
  readonly unequal: number
  /** Races in which a racer got an error instead of an answer. */
  readonly failed: number
  /** Times that the id with other content was not refused, or the right content was. */
  readonly wronglyReused: number
  /** Streams that do not hold exactly the one effect. */
  readonly wrongStreams: number
  /** One of the errors. */
  readonly example: string | undefined
  readonly seconds: number
  readonly control: {
    /** Appends that racers without a command id made. */
    readonly appended: number
  }
}

/** Rounds of racers with one command id, on new streams and on existing ones, within one store and over several. */
export async function checkDedup(database: CheckDatabase, options: DedupOptions, onStep: OnStep = silent): Promise<DedupVerdict> {
  const started = performance.now()
  const { racers } = options
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    const stores = endings.add(await openStores(database, options.stores), (opened) => opened.close())
    const found = { races: 0, notOneFirst: 0, unequal: 0, failed: 0, wronglyReused: 0, wrongStreams: 0 }
    let example: string | undefined

    const judge = ({ results, otherErrors }: Answers): void => {
      found.races++
      if (results.filter(({ duplicate }) => !duplicate).length !== 1) found.notOneFirst++
      if (new Set(results.map(contentOf)).size !== 1) found.unequal++
      if (otherErrors.length > 0) found.failed++
      if (otherErrors.length > 0) example ??= String(otherErrors[0])
    }

    /** All send the same command; then it comes once more, and once with other content, to this stream and to another. */
    const sameContent = async (
      stream: StreamKey,
      expected: ExpectedVersion,
      storeFor: (racer: number) => EventStorePort,
    ): Promise<readonly string[]> => {
      const id = uuidv7()
      const answers = await sendAll(
        repeat(racers, () => requestOf(stream, expected, id, 'same')),
        storeFor,
      )
      if (answers.reused > 0) found.wronglyReused++
      judge(answers)
      const [first] = answers.results
      const late = await sendAll([requestOf(stream, 0, id, 'same')], storeFor)
      if (first === undefined || late.results[0]?.duplicate !== true || contentOf(late.results[0]) !== contentOf(first)) found.unequal++
      const other = await sendAll(
        [requestOf(stream, 'any', id, 'other'), requestOf(streamOf(stream.tenantId), 'any', id, 'same')],
        storeFor,
      )
      if (other.reused !== 2) found.wronglyReused++
      return first?.events.map((event) => event.id) ?? []
    }

    /** Half of them send other content, to the same stream or to another: one content wins, the other is refused everywhere. */
    const contested = async (stream: StreamKey, rival: StreamKey, storeFor: (racer: number) => EventStorePort): Promise<void> => {
      const id = uuidv7()
      const requests = Array.from({ length: racers }, (_, i) =>
        requestOf(i % 2 === 0 ? stream : rival, 'any', id, i % 2 === 0 ? 'one' : 'two'),
      )
      const answers = await sendAll(requests, storeFor)
      const winner = answers.results[0]?.events[0]?.payload
      const half = isDeepStrictEqual(winner, { content: 'one' }) ? Math.ceil(racers / 2) : Math.floor(racers / 2)
      if (answers.results.length !== half || answers.reused !== racers - half) found.wronglyReused++
      judge(answers)
    }

    for (let round = 0; round < options.rounds; round++) {
      onStep(`round ${round + 1} of ${options.rounds}`)
      for (const place of places) {
        const storeFor = (racer: number): EventStorePort => storeOf(stores, place, round, racer)
        const stream = streamOf('dedup')
        const created = await sameContent(stream, 0, storeFor)
        const appended = await sameContent(stream, round % 2 === 0 ? created.length : 'any', storeFor)
        const stored = await storedIds(admin, database, [stream])
        if (stored.get(streamMapKey(stream))?.join() !== [...created, ...appended].join()) found.wrongStreams++

        const contestedStream = streamOf('dedup')
        const rival = round % 2 === 0 ? contestedStream : streamOf('dedup')
        await contested(contestedStream, rival, storeFor)
        if ((await eventCount(admin, database, [contestedStream, rival])) !== 2) found.wrongStreams++
      }
    }

    const stream = streamOf('dedup', 'no id')
    await Promise.all(
      repeat(racers, () => eventsOf(1)).map((events, racer) => stores.at(racer).append({ stream, expected: 'any', events })),
    )
    const appended = await eventCount(admin, database, [stream])
    const { races, ...wrong } = found
    return {
      ok: Object.values(wrong).every((count) => count === 0) && races > 0 && appended > 1,
      ...found,
      example,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control: { appended },
    }
  } finally {
    await endings.end()
  }
}

function repeat<T>(times: number, make: () => T): T[] {
  return Array.from({ length: times }, make)
}

async function eventCount(admin: Client, { schema }: CheckDatabase, streams: readonly StreamKey[]): Promise<number> {
  const { count } = await only<{ count: number }>(
    admin,
    `select count(*)::int as count from ${schema}.events where aggregate_id = any ($1)`,
    [[...new Set(streams.map((stream) => stream.aggregateId))]],
  )
  return count
}
