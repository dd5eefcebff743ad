import { describe } from 'vitest'
import { eventPumpBehaviours } from '../../support/pumps/event-pump-behaviours.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from '../processes/support/pg-stores.ts'

const { database, open } = await pgStores()
const stores = await open()
const { url, schema } = database

describe('an event pump of a real log', () => {
  eventPumpBehaviours(async () => {
    // Each test is the first to run these channels.
    await queryOnce(url, `delete from ${schema}.subscriptions`)
    return stores
  })
})
