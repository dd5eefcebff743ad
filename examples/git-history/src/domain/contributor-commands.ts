import { defineCommands } from '@cairn/cairn'
import { Contribution } from './contributor-events.ts'

export const contributorCommands = defineCommands('contributor', { contribute: Contribution })
