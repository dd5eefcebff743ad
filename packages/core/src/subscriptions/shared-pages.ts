import type { LogReadPage } from '../ports/log-reader.port.ts'

interface Entry {
  readonly after: number
  readonly page: Promise<LogReadPage>
  /** Undefined while it is read. */
  next: number | undefined
}

/** So many pages are kept: partitions that are further apart read for themselves. */
const kept = 4

/** Pages that the partitions of one consumer share while they catch up side by side, so that each page is read once. */
export class SharedPages {
  readonly #read: (after: number) => Promise<LogReadPage>
  #entries: Entry[] = []

  constructor(read: (after: number) => Promise<LogReadPage>) {
    this.#read = read
  }

  /** A page that holds what follows `after`; it may begin before. @throws what the read throws */
  page(after: number): Promise<LogReadPage> {
    const found = this.#entries.find(
      (entry) => entry.after === after || (entry.next !== undefined && entry.after <= after && after < entry.next),
    )
    return found?.page ?? this.#add(after)
  }

  clear(): void {
    this.#entries = []
  }

  #add(after: number): Promise<LogReadPage> {
    const entry: Entry = { after, page: this.#read(after), next: undefined }
    this.#entries = [...this.#entries.slice(1 - kept), entry]
    entry.page.then(
      // A page that led nowhere says nothing of what the log holds a moment later.
      ({ next }) => (next > after ? (entry.next = next) : this.#forget(entry)),
      () => this.#forget(entry),
    )
    return entry.page
  }

  #forget(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry)
  }
}
