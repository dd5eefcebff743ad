import { aggregate, defineCommands, defineEvents } from '@cairn/cairn'
import { z } from 'zod'

interface RepositoryState {
  readonly tips: readonly string[]
  readonly commits: number
}

const Reading = z.object({ tips: z.array(z.string()), commits: z.int().nonnegative() })

export const repositoryEvents = defineEvents('repository', { read: Reading })
export const repositoryCommands = defineCommands('repository', { recordReading: Reading })

/** There is one in each tenant, and a tenant is a repository. */
export const repositoryId = 'history'

/** How far the history was read: recorded when everything that some tips reach is stored. */
export class GitRepository extends aggregate(repositoryEvents, (): RepositoryState => ({ tips: [], commits: 0 })) {
  static readonly handlers = this.handle(repositoryCommands, {
    recordReading: (repository, command) => repository.raise('read', command),
  })

  static readonly evolve = this.fold({ read: (_, event) => ({ tips: event.tips, commits: event.commits }) })
}
