import type { Dispatched, DispatchOptions, EventStorePort, NewCommand } from '@cairn/core'

/** What an import needs of an app. */
export interface ImportTarget {
  dispatch(command: NewCommand, options: DispatchOptions): Promise<Dispatched>
  readonly log: Pick<EventStorePort, 'readAll' | 'readStream'>
}
