import type { ProjectionHost } from '../rebuild/host.ts'
import type { Screen } from './screen.ts'

/** What the command stands in. */
export interface CommandContext {
  readonly screen: Screen
  /** Opens the app's projections: by its configuration, or a host that a test made. */
  readonly loadHost: (config: string | undefined) => Promise<ProjectionHost>
  /** Aborted when the command is asked to stop. */
  readonly signal: AbortSignal
}
