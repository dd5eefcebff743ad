import type { LogReaderPort, LogReadOptions, LogReadPage } from '@cairn/core'

/** A log reader that keeps what it was asked for. */
export class CountingReader implements LogReaderPort {
  readonly reads: (LogReadOptions & { readonly events: number })[] = []
  readonly #inner: LogReaderPort

  constructor(inner: LogReaderPort) {
    this.#inner = inner
  }

  logId(): Promise<string> {
    return this.#inner.logId()
  }

  head() {
    return this.#inner.head()
  }

  positionAt(time: Date): Promise<number> {
    return this.#inner.positionAt(time)
  }

  async read(options: LogReadOptions): Promise<LogReadPage> {
    const page = await this.#inner.read(options)
    this.reads.push({ ...options, events: page.events.length })
    return page
  }
}
