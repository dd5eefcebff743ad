import type { HistoryApp } from '../import/history-app.ts'
import { count } from './format.ts'
import { countRows } from './read-models.ts'

const lookEveryMs = 500

/** Watches the read models fill while an import runs. */
export class Filling {
  readonly #app: HistoryApp
  readonly #tenantId: string
  #looking: Promise<void> | undefined
  #lookedAt = -Infinity
  #line = ''

  constructor(app: HistoryApp, tenantId: string) {
    this.#app = app
    this.#tenantId = tenantId
  }

  /** What was there at the last look; looks again when that was some time ago. */
  get line(): string {
    if (this.#looking === undefined && performance.now() - this.#lookedAt > lookEveryMs) {
      this.#looking = this.#look().finally(() => {
        this.#lookedAt = performance.now()
        this.#looking = undefined
      })
    }
    return this.#line
  }

  /** Waits for a look that is under way. */
  async ended(): Promise<void> {
    await this.#looking
  }

  async #look(): Promise<void> {
    try {
      const { files, weeks } = await countRows(this.#app, this.#tenantId)
      this.#line = `tables: ${count(files)} files, ${count(weeks)} weeks`
    } catch {
      // It only shows; the import says what is wrong.
    }
  }
}
