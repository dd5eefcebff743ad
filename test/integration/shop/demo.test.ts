import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { removeDataFolder } from '@cairn/infra/embedded'
import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'

const script = resolve(import.meta.dirname, '../../../examples/shop/src/demo.ts')
const database = await testDatabase()
const folder = await mkdtemp(join(tmpdir(), 'cairn-shop-demo-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo without a terminal; with `killAt` it gets a SIGKILL as soon as it has written that. */
async function demo(args: readonly string[], { killAt, env: more }: { killAt?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Run> {
  const { INIT_CWD: _, ...env } = process.env
  const child = spawn(process.execPath, [script, ...args], { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (killAt !== undefined && stderr.includes(killAt)) child.kill('SIGKILL')
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, stdout, stderr }
}

/** Of five orders three are paid, one payment fails and one is never ready. */
function endsOf(orders: number) {
  const fifth = orders / 5
  return {
    orders,
    shipped: 3 * fifth,
    compensated: fifth,
    cancelled: fifth,
    invoices: { created: 4 * fifth, paid: 3 * fifth, voided: fifth, twice: 0 },
    waiting: [],
  }
}

test.each(['postgres', 'temporal'])(
  'on %s every order comes to its end, also after kill -9, and each is billed once',
  async (scheduler) => {
    const data = join(folder, scheduler)
    const args = ['--data', data, '--scheduler', scheduler, '--ready-within', '15', '--json']
    try {
      const killed = await demo([...args, '--orders', '10'], { killAt: '… Following them' })
      expect(killed.stdout).toBe('')
      const again = await demo([...args, '--orders', '5'])
      expect(again.stderr).toContain('orders of an earlier run are under way')
      expect(again.stderr).toContain('shipped')
      expect(again.code).toBe(0)
      expect(JSON.parse(again.stdout)).toMatchObject({ scheduler, placed: 5, ...endsOf(15) })
    } finally {
      await removeDataFolder(data)
    }
  },
  300_000,
)

test('a run goes on with the other scheduler', async () => {
  const data = join(folder, 'both')
  try {
    await demo(['--data', data, '--orders', '5', '--ready-within', '15', '--json'], { killAt: '… Following them' })
    const { stdout, code } = await demo(['--data', data, '--orders', '5', '--ready-within', '15', '--scheduler', 'temporal', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ scheduler: 'temporal', ...endsOf(10) })
  } finally {
    await removeDataFolder(data)
  }
}, 180_000)

test('a database of the environment is called by the name of its variable', async () => {
  const env = {
    CAIRN_WORKER_URL: database.workerUrl,
    CAIRN_OWNER_URL: database.url,
    CAIRN_CONTEXT_KEY: database.contextKey,
    SUPABASE_DB_URL: database.appUrl,
  }
  const { code, stdout } = await demo(['--orders', '5', '--ready-within', '1'], { env })
  expect(stdout).toContain('Connected to SUPABASE_DB_URL')
  expect(stdout).toContain('The data is in the database of SUPABASE_DB_URL.')
  expect(code).toBe(0)
}, 180_000)

test('without a Temporal server it says in a sentence what to do, and a wrong command line shows how it goes', async () => {
  const env = { TEMPORAL_ADDR: '127.0.0.1:1' }
  const away = await demo(['--data', join(folder, 'away'), '--scheduler', 'temporal'], { env })
  expect(away.code).toBe(1)
  expect(away.stderr).toContain('The Temporal server of TEMPORAL_ADDR, 127.0.0.1:1, does not answer.')
  const wrong = await demo(['--scheduler', 'cron'])
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain('Usage: pnpm demo:shop')
})
