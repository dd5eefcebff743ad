import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises'
import type { LogReaderPort, LogReadOptions, LogReadPage, UnreadDetails } from '@cairn/core'

export interface LogPagesOptions {
  readonly after: number
  /** The last position that is read. @default the end of the log */
  readonly upTo?: number | undefined
  readonly types: readonly string[]
  readonly tenantId?: string | undefined
  /** Stretches that are read at once, 1... */
  readonly ahead: number
  /** Events of one read; asked before each. */
  readonly pageSize: () => number
  /** Stands for what of the events need not be read. @default all of it is read */
  readonly unread?: UnreadDetails | undefined
}

interface Stretch {
  readonly after: number
  readonly upTo: number
  readonly page: Promise<LogReadPage>
}

/** How much longer than a page a stretch may become where few events pass the filter. */
const mostPages = 64
/** The horizon may step back for a moment, when a writer enters with an old number: nothing appears there, but nothing is read either. */
const stepBackMs = 10

/**
 * The log from one position on, page by page, in order. The next stretches are being read while a page is handled: a stretch
 * of as many positions as a page has events needs one read, so stretches do not have to wait for each other's end.
 */
export class LogPages {
  readonly #reader: LogReaderPort
  readonly #options: LogPagesOptions
  #stretches: Stretch[] = []
  /** Everything at or below is read or being read. */
  #planned: number
  #horizon = 0
  #pagesPerStretch = 1

  constructor(reader: LogReaderPort, options: LogPagesOptions) {
    this.#reader = reader
    this.#options = options
    this.#planned = options.after
  }

  /** The next page; the last one before the end of the log has `next >= horizon`, or stands at `upTo`. */
  async next(): Promise<LogReadPage> {
    this.#fill()
    const stretch = this.#stretches[0]
    const page = await (stretch === undefined ? this.#readTail() : this.#readStretch(stretch))
    if (this.#options.ahead > 0) {
      this.#fill()
      // What was begun is sent before the page's events take the processor: a driver needs some turns for that.
      await immediate()
    }
    return page
  }

  async #readTail(): Promise<LogReadPage> {
    const page = await this.#read(this.#planned, this.#options.upTo)
    this.#horizon = Math.max(this.#horizon, page.horizon)
    this.#planned = page.next
    return page
  }

  async #readStretch(stretch: Stretch): Promise<LogReadPage> {
    const page = await stretch.page
    this.#horizon = Math.max(this.#horizon, page.horizon)
    if (page.next >= stretch.upTo) {
      this.#stretches.shift()
      if (page.events.length * 4 < this.#options.pageSize()) this.#pagesPerStretch = Math.min(this.#pagesPerStretch * 2, mostPages)
      return page
    }
    if (page.next === stretch.after) await delay(stepBackMs)
    else if (page.events.length >= this.#options.pageSize()) this.#pagesPerStretch = Math.max(1, this.#pagesPerStretch / 2)
    this.#stretches[0] = this.#start(page.next, stretch.upTo)
    return page
  }

  #fill(): void {
    const end = Math.min(this.#horizon, this.#options.upTo ?? Number.POSITIVE_INFINITY)
    while (this.#stretches.length <= this.#options.ahead && this.#planned < end) {
      const upTo = Math.min(end, this.#planned + this.#options.pageSize() * this.#pagesPerStretch)
      this.#stretches.push(this.#start(this.#planned, upTo))
      this.#planned = upTo
    }
  }

  #start(after: number, upTo: number): Stretch {
    const page = this.#read(after, upTo)
    // Its error is thrown where it is awaited, which may be later, or never.
    page.catch(() => undefined)
    return { after, upTo, page }
  }

  #read(after: number, upTo: number | undefined): Promise<LogReadPage> {
    const { types, tenantId, unread } = this.#options
    const options: LogReadOptions = { after, limit: this.#options.pageSize(), types, tenantId, unread }
    return this.#reader.read(upTo === undefined ? options : { ...options, upTo })
  }
}
