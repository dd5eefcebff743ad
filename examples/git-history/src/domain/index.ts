import { defineDomain } from '@cairn/cairn'
import { activity, contributors, hotspots, ownership } from '../read-models/index.ts'
import { Contributor } from './contributor.ts'
import { File } from './file.ts'
import { GitRepository } from './repository.ts'

export const gitHistory = defineDomain('git-history', {
  aggregates: [File, Contributor, GitRepository],
  projections: [hotspots, ownership, contributors, activity],
})
export { contributorCommands } from './contributor-commands.ts'
export { contributorEvents } from './contributor-events.ts'
export { contributorId } from './contributor-id.ts'
export { Contributor, type ContributorState } from './contributor.ts'
export { fileCommands } from './file-commands.ts'
export { fileEvents } from './file-events.ts'
export { File, type FileState } from './file.ts'
export { GitRepository, repositoryCommands, repositoryEvents, repositoryId } from './repository.ts'
