import type { RebuildOptions } from '@cairn/projections'

/** How projections are rebuilt from within an app. */
export type AppRebuildOptions = Omit<RebuildOptions, 'names' | 'all'>
