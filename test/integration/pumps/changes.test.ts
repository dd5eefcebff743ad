import { describe } from 'vitest'
import { pumpBehaviours } from '../../support/pumps/pump-behaviours.ts'
import { pumpDatabase } from './support.ts'

const { open, rig } = await pumpDatabase()
// One process for all of these tests: connections are what they would cost.
const db = await open()

describe('a pump of a watched table', () => {
  pumpBehaviours(() => rig(db))
})
