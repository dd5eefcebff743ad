import type { Generation, GenerationPlan } from '@cairn/core'

/** What an app finds out about generations, and what it may do to them. */
export interface GenerationSource {
  /** Ascending; readable for every login of the app. */
  generations(projection: string): Promise<readonly Generation[]>
  /**
   * The generation of this plan: live at once where the projection has none that is live, else built beside it. Of any number of
   * callers one makes it, and all get the same.
   * @throws ProjectionNotBuiltError when it is not there and this login may not make it
   */
  ensure(plan: GenerationPlan): Promise<Generation>
}
