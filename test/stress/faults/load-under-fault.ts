import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStorePort } from '@cairn/core'
import type { Random } from '../support/random.ts'
import { answerOf, type Answered } from './effects.ts'
import { requestOf } from './requests.ts'

const sharedStreams = 12

export interface Load {
  /** Appends under way at the same time. */
  readonly callers: number
  /** How long the load runs under each kind of fault. */
  readonly seconds: number
}

/** Callers that append without a break while `strike` is called again and again, until the time is over. */
export async function loadUnderFault(
  store: EventStorePort,
  random: Random,
  { callers, seconds }: Load,
  everyMs: readonly [number, number],
  strike: () => Promise<void>,
): Promise<{ readonly answers: readonly Answered[]; readonly strikes: number }> {
  const until = performance.now() + seconds * 1_000
  const answers: Answered[] = []
  let strikes = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const shared = random.chance(0.5) ? `shared-${random.between(1, sharedStreams)}` : undefined
      answers.push(await answerOf(requestOf(random.chance(0.5), shared), (request) => store.append(request)))
    }
  }
  const striker = async (): Promise<void> => {
    for (;;) {
      await sleep(random.between(...everyMs))
      if (performance.now() >= until && strikes > 0) return
      await strike()
      strikes++
    }
  }
  await Promise.all([striker(), ...Array.from({ length: callers }, caller)])
  return { answers, strikes }
}
