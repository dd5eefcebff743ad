import type { Contestant } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { runFor } from '../workload/work.ts'
import type { OrderChecked } from './protocol.ts'

/** Reads the whole log by the system's own reader while many callers write, and counts what the reader missed. */
export async function checkOrder(contestant: Contestant, row: Row, variant: string, seconds: number): Promise<OrderChecked> {
  if (contestant.tail === undefined) throw new Error('This system has no log to read.')
  const work = await contestant.work(row, variant)
  const tail = await contestant.tail()
  const newest = new Map<string, number>()
  const met = new Set<string>()
  let doubled = 0
  let inverted = 0
  const poll = async (): Promise<number> => {
    const entries = await tail.poll()
    for (const { stream, version } of entries) {
      const key = `${stream}\0${version}`
      if (met.has(key)) doubled++
      else if (version < (newest.get(stream) ?? 0)) inverted++
      met.add(key)
      newest.set(stream, Math.max(version, newest.get(stream) ?? 0))
    }
    return entries.length
  }
  let writing = true
  const reading = (async () => {
    // Done when the writers are and a while passed without anything new.
    for (let quiet = 0; quiet < 20;) {
      const came = await poll()
      quiet = came > 0 || writing ? 0 : quiet + 1
      await new Promise((resolve) => setTimeout(resolve, writing ? 2 : 50))
    }
  })()
  const timed = await runFor(work, seconds)
  writing = false
  await reading
  await tail.stop()
  if (timed.failed > 0) throw new Error(`${timed.failed} callers failed: ${timed.firstError}`)
  const { events } = await contestant.witness.stored()
  return { stored: events, lost: events - met.size, doubled, inverted }
}
