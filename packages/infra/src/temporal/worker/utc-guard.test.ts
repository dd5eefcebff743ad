import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const module = new URL('create-temporal-worker.ts', import.meta.url).href

/** The code of what ends a worker's start in each zone; nothing listens at its address. A process of its own: a thread keeps its zone. */
async function startIn(...starts: readonly (readonly [zone: string, requireUtc?: boolean])[]): Promise<readonly string[]> {
  const script = `
    const { createTemporalWorker } = await import(${JSON.stringify(module)})
    const ends = []
    for (const [zone, requireUtc] of ${JSON.stringify(starts)}) {
      process.env.TZ = zone
      const parts = { address: '127.0.0.1:1', bus: {}, commands: {}, ...(requireUtc === undefined ? {} : { requireUtc }) }
      ends.push(await createTemporalWorker(parts).then(() => 'started', (error) => error.code ?? error.name))
    }
    process.stdout.write(JSON.stringify(ends))
    process.exit()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  return JSON.parse(stdout)
}

test('a worker does not start outside of UTC, nor where it is UTC for half of the year, unless it is allowed to', async () => {
  const refused = 'CAIRN_INVALID_INPUT'
  // Past the guard it looks for the server.
  const passed = 'TransportError'
  expect(
    await startIn(['America/New_York'], ['Europe/London'], ['America/New_York', true], ['UTC', true], ['UTC'], ['America/New_York', false]),
  ).toEqual([refused, refused, refused, passed, passed, passed])
}, 60_000)
