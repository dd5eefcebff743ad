import { describe } from 'vitest'
import { memoryStores } from '../../support/process-rig.ts'
import { commandPumpBehaviours } from '../../support/pumps/command-pump-behaviours.ts'

describe('a command pump in memory', () => {
  commandPumpBehaviours(async () => {
    const stores = memoryStores()
    return { stores, pending: stores.commands.pending }
  })
})
