import { jobSchedulerContract } from '@cairn/testing/contracts'
import { pgStores } from '../processes/support/pg-stores.ts'
import { startBoss } from './support/boss-rig.ts'

const pg = await pgStores()

jobSchedulerContract('PgBossScheduler', async () => {
  const ownerUrl = pg.database.url
  const stores = await pg.open()
  const one = await startBoss(stores, { ownerUrl })
  const other = await startBoss(await pg.open(), { ownerUrl })
  return {
    scheduler: one.scheduler,
    rival: other.scheduler,
    commands: stores.commands,
    events: stores.store,
    cleanup: async () => void (await Promise.all([one.stop(), other.stop()])),
  }
})

jobSchedulerContract('PgBossScheduler, where another process carries commands out', async () => {
  const stores = await pg.open()
  const worker = await startBoss(await pg.open(), { ownerUrl: pg.database.url })
  const client = await startBoss(stores, { worker: false })
  return {
    scheduler: client.scheduler,
    commands: stores.commands,
    events: stores.store,
    cleanup: async () => void (await Promise.all([client.stop(), worker.stop()])),
  }
})
