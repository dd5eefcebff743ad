import { isCairnError, isNewer, isOutage } from '../errors/index.ts'

/** A command's place among those of its aggregate that were given together. */
export interface Place {
  /** Set where one before it failed with what may pass: then it is not begun, for that one is sent again and must not find it done. */
  readonly heldUp: { readonly by: unknown } | undefined
  /** The command in this place failed. What the domain refused, or what is wrong for good, holds nobody up. */
  failed(error: unknown): void
}

/** Commands of one aggregate that were given together. */
export class Line {
  #places = 0
  #stopped: { readonly at: number; readonly by: unknown } | undefined

  next(): Place {
    const at = this.#places++
    const stopped = (): { readonly at: number; readonly by: unknown } | undefined => this.#stopped
    return {
      get heldUp() {
        const first = stopped()
        return first !== undefined && first.at < at ? first : undefined
      },
      failed: (error) => {
        if (mayPass(error) && (this.#stopped === undefined || at < this.#stopped.at)) this.#stopped = { at, by: error }
      },
    }
  }
}

/** A rule of the business that may pass is tried again by the bus, and what it says in the end is final. */
function mayPass(error: unknown): boolean {
  if (!isCairnError(error)) return false
  return isOutage(error) || isNewer(error) || (error.retryable && error.code !== 'CAIRN_BUSINESS_RULE')
}
