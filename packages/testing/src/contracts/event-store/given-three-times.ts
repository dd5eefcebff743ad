import type { StreamKey } from '@cairn/core'
import { setImmediate } from 'node:timers/promises'
import type { EventStoreContext } from './context.ts'
import { appendOne, eventOf, streamIn } from './given.ts'

/** A stream of three events that were recorded at three different times, and those times. */
export async function givenThreeTimes(
  context: EventStoreContext,
): Promise<{ readonly stream: StreamKey; readonly times: readonly [Date, Date, Date] }> {
  const stream = streamIn(context.tenantId)
  const times: Date[] = []
  for (const type of ['order.first', 'order.second', 'order.third']) {
    const last = times.at(-1)
    if (last !== undefined) await passTimeBeyond(context, last)
    const { events } = await appendOne(context, stream, eventOf(type))
    times.push(events[0]?.recordedAt ?? new Date(Number.NaN))
  }
  const [first = new Date(0), second = new Date(0), third = new Date(0)] = times
  return { stream, times: [first, second, third] }
}

/** The store's clock may be another machine's, so its own records tell when it has gone on by a millisecond. */
async function passTimeBeyond(context: EventStoreContext, time: Date): Promise<void> {
  const elsewhere = streamIn(context.otherTenantId)
  for (let tries = 0; tries < 10_000; tries++) {
    const { events } = await appendOne(context, elsewhere)
    if ((events[0]?.recordedAt.getTime() ?? 0) > time.getTime()) return
    await setImmediate()
  }
  throw new Error('The clock of the store stands still; give it one that goes on.')
}
