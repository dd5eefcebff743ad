import { defineCommands } from '@cairn/core'
import { Contribution } from './contributor-events.ts'

export const contributorCommands = defineCommands('contributor', { contribute: Contribution })
