import { streamMapKey, type StreamKey } from '@cairn/core'
import { openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { eventsOf, streamOf } from '../support/events.ts'
import { places, storeOf } from '../support/places.ts'
import { storedIds } from '../support/stored-ids.ts'
import { openStores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { isRightRefusal, race } from './race.ts'

export interface CreationOptions {
  readonly racers: number
  readonly rounds: number
  /** How many stores the racers are spread over. */
  readonly stores: number
  /** Streams that are raced for at the same time, so that the batches hold several. */
  readonly streams: number
}

export interface CreationVerdict extends Verdict {
  readonly races: number
  readonly withoutWinner: number
  readonly withSeveralWinners: number
  /** Losers that were told something else than a version conflict with the actual version. */
  readonly wrongRefusals: number
  /** Streams that do not hold exactly the winner's events behind what was there. */
  readonly wrongStreams: number
  /** One of the wrong refusals. */
  readonly example: string | undefined
  readonly seconds: number
  readonly control: {
    /** Winners of a race in which the racers expect no version. */
    readonly winners: number
  }
}

interface Entry {
  readonly stream: StreamKey
  readonly before: readonly string[]
}

/** Rounds of racers with one expected version, on new streams and on existing ones, within one store and over several. */
export async function checkCreation(database: CheckDatabase, options: CreationOptions, onStep: OnStep = silent): Promise<CreationVerdict> {
  const started = performance.now()
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    const stores = endings.add(await openStores(database, options.stores), (opened) => opened.close())
    const found = { races: 0, withoutWinner: 0, withSeveralWinners: 0, wrongRefusals: 0, wrongStreams: 0 }
    let example: string | undefined

    const runRace = async (
      { stream, before }: Entry,
      storeFor: (racer: number) => ReturnType<typeof storeOf>,
    ): Promise<readonly string[]> => {
      const { won, refusals } = await race(options.racers, stream, before.length, storeFor)
      found.races++
      if (won.length === 0) found.withoutWinner++
      if (won.length > 1) found.withSeveralWinners++
      const [winner = []] = won
      for (const refusal of refusals) {
        if (isRightRefusal(refusal, before.length, before.length + winner.length)) continue
        found.wrongRefusals++
        example ??= String(refusal)
      }
      return [...before, ...winner]
    }

    for (let round = 0; round < options.rounds; round++) {
      onStep(`round ${round + 1} of ${options.rounds}`)
      for (const place of places) {
        const storeFor = (racer: number): ReturnType<typeof storeOf> => storeOf(stores, place, round, racer)
        const created: Entry[] = Array.from({ length: options.streams }, () => ({ stream: streamOf('race'), before: [] }))
        const afterCreation = await Promise.all(created.map((entry) => runRace(entry, storeFor)))
        const existing = created.map(({ stream }, i) => ({ stream, before: afterCreation[i] ?? [] }))
        const afterSecond = await Promise.all(existing.map((entry) => runRace(entry, storeFor)))
        const stored = await storedIds(
          admin,
          database,
          created.map(({ stream }) => stream),
        )
        for (const [i, { stream }] of created.entries()) {
          if (stored.get(streamMapKey(stream))?.join() !== afterSecond[i]?.join()) found.wrongStreams++
        }
      }
    }

    const lenient = await Promise.allSettled(
      Array.from({ length: options.racers }, (_, i) => i).map((racer) =>
        stores.at(racer).append({ stream: streamOf('race', 'lenient'), expected: 'any', events: eventsOf(1) }),
      ),
    )
    const winners = lenient.filter(({ status }) => status === 'fulfilled').length
    const { races, ...wrong } = found
    return {
      ok: Object.values(wrong).every((count) => count === 0) && races > 0 && winners > 1,
      ...found,
      example,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control: { winners },
    }
  } finally {
    await endings.end()
  }
}
