import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { uuidv7 } from '@cairn/core'
import { counterCommands } from '@cairn/testing/contracts'
import { expect, onTestFinished, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from '../processes/support/pg-stores.ts'
import { startBoss } from './support/boss-rig.ts'
import { added, givenCommands } from './support/given-commands.ts'

const pg = await pgStores()

test('a worker is killed with jobs active: others take them, and all commands end, each once and in order', async () => {
  const tenantId = uuidv7()
  const stores = await pg.open()
  const numbers = Array.from({ length: 120 }, (_, i) => i + 1)
  const given = await givenCommands(
    stores,
    tenantId,
    numbers.map((n) => counterCommands.add({ counterId: `c${n % 40}`, n })),
  )
  const { appUrl: url, workerUrl, contextKey, schema } = pg.database
  const plan = { database: { url, workerUrl, contextKey, schema }, ownerUrl: pg.database.url }
  const child = spawn(process.execPath, [fileURLToPath(new URL('support/boss-child.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CAIRN_TEST_PLAN: JSON.stringify(plan) },
  })
  const gone = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
  })
  const begun: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    begun.push(line)
    if (begun.length === 60) break
  }
  child.kill('SIGKILL')
  await gone

  // Killed while it held jobs: some took effect and nobody wrote it down.
  const other = await startBoss(await pg.open(), { ownerUrl: pg.database.url })
  onTestFinished(() => other.stop())
  for (const { id } of given) {
    expect(await other.rig.wait(id, tenantId, 90_000)).toMatchObject({ status: 'processed' })
  }
  for (let c = 0; c < 40; c++) expect(await added(other.rig, tenantId, `c${c}`)).toEqual(numbers.filter((n) => n % 40 === c))
})

test('all connections are cut, again and again, while jobs run: all commands end, each once and in order', async () => {
  const tenantId = uuidv7()
  const { rig, stores, stop } = await startBoss(await pg.open(), { ownerUrl: pg.database.url })
  onTestFinished(() => stop())
  const numbers = Array.from({ length: 600 }, (_, i) => i + 1)
  const given = await givenCommands(
    stores,
    tenantId,
    numbers.map((n) => counterCommands.add({ counterId: `c${n % 60}`, n })),
  )
  let cut = 0
  for (const { id } of given.slice(0, 5)) {
    const [answer] = await queryOnce<{ cut: number }>(
      pg.database.url,
      `select count(pg_terminate_backend(pid))::int as cut from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    cut += answer?.cut ?? 0
    await rig.wait(id, tenantId, 90_000)
  }
  expect(cut).toBeGreaterThan(10)
  for (const { id } of given) expect(await rig.wait(id, tenantId, 90_000)).toMatchObject({ status: 'processed' })
  for (let c = 0; c < 60; c++) expect(await added(rig, tenantId, `c${c}`)).toEqual(numbers.filter((n) => n % 60 === c))
})
