import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import type { Profiled } from '../child/protocol.ts'
import { runFor, type Work } from '../workload/work.ts'
import { selfTimes, sharesByPackage } from './self-times.ts'

/**
 * What `node --cpu-prof` records, but for the measured interval alone: without boot, migration and seeding.
 *
 * @param file where the profile goes; Chrome's DevTools open it
 */
export async function profile(work: Work, seconds: number, file: string): Promise<Profiled> {
  await runFor(work, Math.min(seconds, 2))
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
    const before = process.cpuUsage()
    const timed = await runFor(work, seconds)
    const used = process.cpuUsage(before)
    const { profile: recorded } = await session.post('Profiler.stop')
    writeFileSync(file, JSON.stringify(recorded))
    // Waiting is no work: the shares are of what this process did.
    const times = selfTimes(recorded).filter(({ name }) => name !== '(idle)')
    const busy = times.reduce((sum, { share }) => sum + share, 0)
    const shares = times.map((time) => ({ ...time, share: time.share / busy }))
    return {
      ...timed,
      cpuShare: (used.user + used.system) / 1e6 / timed.seconds,
      packages: sharesByPackage(shares).slice(0, 15),
      selfTimes: shares.slice(0, 30),
    }
  } finally {
    session.disconnect()
  }
}
