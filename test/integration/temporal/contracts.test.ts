import { Registry } from '@cairn/core'
import { counting, jobSchedulerContract } from '@cairn/testing/contracts'
import { provideTemporal } from '@cairn/testing/services'
import { testDatabase } from '../../support/test-database.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const database = await testDatabase()

jobSchedulerContract('TemporalScheduler', async () => {
  const { address, stop } = await provideTemporal()
  const stores = await openStores(database, new Registry([counting]).aggregates)
  const worker = await startWorker(address, stores)
  const one = openScheduler(address, stores)
  const other = openScheduler(address, stores)
  return {
    scheduler: one.scheduler,
    rival: other.scheduler,
    commands: stores.commands,
    events: stores.store,
    async cleanup() {
      await Promise.all([one.close(), other.close()])
      await worker.shutdown()
      await stores.close()
      await stop()
    },
  }
})
