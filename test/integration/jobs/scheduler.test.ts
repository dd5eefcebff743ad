import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7, type CommandDispatcher } from '@cairn/core'
import { counterCommands } from '@cairn/testing/contracts'
import { expect, onTestFinished, test } from 'vitest'
import { pgStores } from '../processes/support/pg-stores.ts'
import { startBoss, type BossRigOptions, type RiggedBoss } from './support/boss-rig.ts'
import { added, givenCommands } from './support/given-commands.ts'

const pg = await pgStores()
const { add, refuse, stumble } = counterCommands
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1)

async function boss(options: BossRigOptions = {}): Promise<RiggedBoss> {
  const running = await startBoss(await pg.open(), { ownerUrl: pg.database.url, ...options })
  onTestFinished(() => running.stop())
  return running
}

test('1,000 commands to 100 aggregates are carried out in order by two processes, each once', async () => {
  const tenantId = uuidv7()
  const stores = await pg.open()
  const made = upTo(1_000).map((n) => add({ counterId: `c${n % 100}`, n }))
  const given = await givenCommands(stores, tenantId, made)
  const [{ rig }] = await Promise.all([boss(), boss()])
  for (const { id } of given) expect(await rig.wait(id, tenantId, 90_000)).toMatchObject({ status: 'processed', attempts: 1 })
  for (let c = 0; c < 100; c++) {
    expect(await added(rig, tenantId, `c${c}`)).toEqual(upTo(1_000).filter((n) => n % 100 === c))
  }
})

test('a row that was inserted with SQL alone is executed; unknown types and bad payloads end as failed', async () => {
  const tenantId = uuidv7()
  const { rig } = await boss({ unknownTypeGraceMs: 0 })
  const { stores } = rig
  const good = await stores.insert({ tenantId, type: 'counter.add', payload: { counterId: 'c', n: 5 } })
  const unknown = await stores.insert({ tenantId, type: 'counter.ad', payload: { counterId: 'c', n: 5 } })
  const bad = await stores.insert({ tenantId, type: 'counter.add', payload: { counterId: 'c', n: 'five' } })
  expect(await rig.wait(good, tenantId)).toMatchObject({ status: 'processed', result: { version: 1 } })
  expect(await rig.wait(bad, tenantId)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_SCHEMA_VALIDATION' } })
  const refused = await rig.wait(unknown, tenantId)
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'CAIRN_UNKNOWN_TYPE' } })
  expect(refused.error?.message).toContain('counter.add')
  expect(await added(rig, tenantId, 'c')).toEqual([5])
})

test('a command that fails for technical reasons is tried again: those of its aggregate wait behind it, others do not', async () => {
  const tenantId = uuidv7()
  const { rig, stores } = await boss({ retryMs: 1_000 })
  const slow = `slow ${tenantId}`
  const made = [
    stumble({ counterId: slow, times: 3, n: 1 }),
    add({ counterId: slow, n: 2 }),
    refuse({ counterId: slow }),
    add({ counterId: slow, n: 3 }),
    add({ counterId: 'quick', n: 1 }),
  ]
  const given = await givenCommands(stores, tenantId, made)
  const [first, second, third, fourth, quick] = given.map(({ id }) => id)
  expect(await rig.wait(quick ?? '', tenantId)).toMatchObject({ status: 'processed' })
  expect(await added(rig, tenantId, slow)).toEqual([])
  expect(await rig.wait(fourth ?? '', tenantId)).toMatchObject({ status: 'processed' })
  expect(await rig.wait(first ?? '', tenantId)).toMatchObject({ status: 'processed', attempts: 4 })
  expect(await rig.wait(second ?? '', tenantId)).toMatchObject({ status: 'processed', attempts: 1 })
  expect(await rig.wait(third ?? '', tenantId)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_BUSINESS_RULE' } })
  expect(await added(rig, tenantId, slow)).toEqual([1, 2, 3])
})

test('a command that exhausts its tries fails for good, and the next of its aggregate goes on', async () => {
  const tenantId = uuidv7()
  const { rig, stores } = await boss({ maxAttempts: 2 })
  const made = [stumble({ counterId: tenantId, times: 9, n: 1 }), add({ counterId: tenantId, n: 2 })]
  const [bad, next] = await givenCommands(stores, tenantId, made)
  expect(await rig.wait(bad?.id ?? '', tenantId)).toMatchObject({ status: 'failed', attempts: 2, error: { code: 'CAIRN_STREAM_BUSY' } })
  expect(await rig.wait(next?.id ?? '', tenantId)).toMatchObject({ status: 'processed' })
  expect(await added(rig, tenantId, tenantId)).toEqual([2])
})

test('a scheduler that is stopped while jobs run loses nothing: the next one finishes them, each once', async () => {
  const tenantId = uuidv7()
  const begun: string[] = []
  const slowly = (bus: CommandDispatcher): CommandDispatcher => ({
    async dispatch(command, options) {
      begun.push(command.id)
      await sleep(20)
      return bus.dispatch(command, options)
    },
  })
  const one = await boss({ bus: slowly })
  const made = upTo(300).map((n) => add({ counterId: `c${n % 30}`, n }))
  const given = await givenCommands(one.stores, tenantId, made)
  const last = given.at(-1)
  if (last === undefined) throw new Error('Nothing was given.')
  const waited = one.scheduler.schedule(last).catch((error: unknown) => error)
  while (begun.length < 40) await sleep(5)
  await one.stop()
  expect(await waited).toMatchObject({ code: 'CAIRN_STOPPED' })
  // What was not begun was given back.
  expect(begun.length).toBeLessThan(150)
  const other = await boss()
  for (const { id } of given) expect(await other.rig.wait(id, tenantId, 60_000)).toMatchObject({ status: 'processed' })
  for (let c = 0; c < 30; c++) expect(await added(other.rig, tenantId, `c${c}`)).toEqual(upTo(300).filter((n) => n % 30 === c))
})
