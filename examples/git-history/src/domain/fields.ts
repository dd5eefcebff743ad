import { z } from 'zod'

/** What stands at a path. */
export const Kind = z.enum(['file', 'executable', 'symlink', 'submodule'])
export type Kind = z.output<typeof Kind>

/** Which commit it was, whose, and when. Git's own order is that of parents and children; times only inform. */
export const commitFields = {
  commit: z.string(),
  /** The contributor's id. */
  by: z.string(),
  at: z.string(),
}

/** As git counts lines; nothing is counted for a binary file. */
export const lineFields = {
  linesAdded: z.int().nonnegative(),
  linesDeleted: z.int().nonnegative(),
  binary: z.boolean(),
}
