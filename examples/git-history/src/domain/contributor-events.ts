import { defineEvents } from '@cairn/cairn'
import { z } from 'zod'

export const Contribution = z.object({
  commit: z.string(),
  /** With these, the log alone knows which commits came before which. */
  parents: z.array(z.string()),
  at: z.string(),
  name: z.string(),
  email: z.string(),
  subject: z.string(),
  files: z.int().nonnegative(),
  linesAdded: z.int().nonnegative(),
  linesDeleted: z.int().nonnegative(),
})

/** Recorded last of all that a commit leads to: where it stands, the commit is wholly imported. */
export const contributorEvents = defineEvents('contributor', { contributed: Contribution })
