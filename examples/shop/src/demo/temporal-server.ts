import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface TemporalServer {
  readonly address: string
  /** True for one that ends with the demo. */
  readonly own: boolean
  stop(): Promise<void>
}

/** Beside the data folder, which is the database's alone. */
export function temporalFolder(data: string): string {
  return `${data}-temporal`
}

/**
 * The server of TEMPORAL_ADDR, or one of our own whose state is kept beside the database.
 * @throws an Error that says in a sentence what to do
 */
export async function findTemporal(data: string, log: (line: string) => void): Promise<TemporalServer> {
  const { provideTemporal } = await import('@cairn/testing/services')
  const folder = temporalFolder(data)
  await mkdir(folder, { recursive: true })
  const { CAIRN_TEST_TEMPORAL: forTests = '', ...env } = process.env
  const named = env['TEMPORAL_ADDR'] || forTests
  try {
    const server = await whileLocked(() =>
      provideTemporal({
        dbFile: join(folder, 'temporal.db'),
        log: (line) => log(line.replace(/^Test /, '')),
        env: { ...env, TEMPORAL_ADDR: named },
      }),
    )
    return { address: server.address, own: server.kind !== 'environment', stop: () => server.stop() }
  } catch (error) {
    const why = messageOf(error).slice(0, 300)
    const sentence =
      named === ''
        ? `There is no Temporal server, and none could be started: set TEMPORAL_ADDR=host:port to one that runs. (${why})`
        : `The Temporal server of TEMPORAL_ADDR, ${named}, does not answer. Start it, or unset TEMPORAL_ADDR for one of our own.`
    throw new Error(sentence, { cause: error })
  }
}

const lockedMs = 20_000

/** The server of a demo that was killed a moment ago may still be about to end, and hold its file. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + lockedMs; ;) {
    try {
      return await work()
    } catch (error) {
      if (!/database is locked|SQLITE_BUSY/.test(messageOf(error)) || performance.now() > until) throw error
      await delay(500)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
