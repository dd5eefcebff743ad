/** Pages of more characters are large: the server cuts at 32 MiB, after having made all of the page in vain. */
const largeCharacters = 16 * 1_048_576

/** What of a page can be large. */
interface PageTexts {
  readonly positions: string | null
  readonly payloads: string | null
  readonly metadata: string | null
}

/**
 * How many events the next page of a log is asked for. Where events are large, fewer than wanted, so that the server need not find it
 * out for each page anew; and fewer after a failure, which may be that of a page too large to be made in time. Doubles again from
 * page to page.
 */
export class PageLimit {
  readonly #highest: number
  #most: number

  constructor(highest: number) {
    this.#highest = highest
    this.#most = highest
  }

  async ask<P extends PageTexts>(wanted: number, read: (limit: number) => Promise<P>): Promise<P> {
    const limit = Math.min(wanted, this.#most)
    let page: P
    try {
      page = await read(limit)
    } catch (error) {
      this.#most = Math.max(1, Math.floor(limit / 8))
      throw error
    }
    const characters = charactersOf(page)
    if (characters > largeCharacters) {
      const events = (page.positions ?? '').split(',').length
      this.#most = Math.max(1, Math.floor((events * largeCharacters) / characters))
    } else {
      this.#most = Math.min(this.#highest, 2 * this.#most)
    }
    return page
  }
}

export function charactersOf({ payloads, metadata }: Pick<PageTexts, 'payloads' | 'metadata'>): number {
  return (payloads?.length ?? 0) + (metadata?.length ?? 0)
}
