import { describe } from 'vitest'
import { memoryStores } from '../../support/process-rig.ts'
import { eventPumpBehaviours } from '../../support/pumps/event-pump-behaviours.ts'

describe('an event pump in memory', () => {
  eventPumpBehaviours(async () => memoryStores())
})
