import { aggregate } from '@cairn/cairn'
import { z } from 'zod'
import { contributorCommands } from './contributor-commands.ts'
import { contributorEvents } from './contributor-events.ts'

const ContributorState = z.object({
  email: z.string(),
  /** Every spelling of the name, in the order of their first use. */
  names: z.array(z.string()),
  commits: z.int(),
  linesAdded: z.int(),
  linesDeleted: z.int(),
  firstAt: z.string(),
  lastAt: z.string(),
})
export type ContributorState = z.output<typeof ContributorState>

/** Someone who wrote commits, known by the e-mail address. */
export class Contributor extends aggregate(contributorEvents, (): ContributorState => ({
  email: '',
  names: [],
  commits: 0,
  linesAdded: 0,
  linesDeleted: 0,
  firstAt: '',
  lastAt: '',
})) {
  static readonly handlers = this.handle(contributorCommands, {
    contribute: (contributor, command) => contributor.raise('contributed', command),
  })

  static readonly evolve = this.fold({
    contributed: (state, event) => ({
      email: event.email,
      names: state.names.includes(event.name) ? state.names : [...state.names, event.name],
      commits: state.commits + 1,
      linesAdded: state.linesAdded + event.linesAdded,
      linesDeleted: state.linesDeleted + event.linesDeleted,
      // Branches come one after the other: the first one read need not be the oldest.
      firstAt: state.commits === 0 || event.at < state.firstAt ? event.at : state.firstAt,
      lastAt: event.at > state.lastAt ? event.at : state.lastAt,
    }),
  })

  static readonly snapshots = this.snapshotEvery(200, ContributorState)
}
