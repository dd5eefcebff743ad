import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from '../projections/child-process.ts'

/** A process that is started again whenever it ends, as under a supervisor, until it has said that it finished. */
export class KeptProcess {
  readonly #begin: () => Child
  readonly #onFailure: (what: string) => void
  readonly #finished: Promise<void>
  readonly #killed = new WeakSet<Child>()
  #child: Child
  #over = false

  /** @param onFailure takes what a process said that ended by itself after it was up */
  constructor(begin: () => Child, onFailure: (what: string) => void) {
    this.#begin = begin
    this.#onFailure = onFailure
    this.#child = begin()
    this.#finished = this.#keep()
  }

  get child(): Child {
    return this.#child
  }

  /** Resolves when the process has finished, or was stopped for good. */
  get finished(): Promise<void> {
    return this.#finished
  }

  /** Kills the process once it is up. False when it is not to be had any more. */
  async kill(): Promise<boolean> {
    for (;;) {
      const child = this.#child
      const ready = await child.said('ready')
      if (this.#over) return false
      if (child !== this.#child || ready === undefined) {
        await sleep(20)
        continue
      }
      this.#killed.add(child)
      await child.kill()
      return true
    }
  }

  /** Kills it for good. */
  async end(): Promise<void> {
    this.#over = true
    await this.#child.kill()
    await this.#finished
  }

  /** Has it end in order. Says what went wrong, if something did. */
  async finish(): Promise<string | undefined> {
    this.#over = true
    const { code, signal, stderr } = await this.#child.finish()
    await this.#finished
    return code === 0 ? undefined : `${this.#child.label} ended with ${signal ?? `code ${code}`}: ${stderr.slice(-500)}`
  }

  async #keep(): Promise<void> {
    for (;;) {
      const child = this.#child
      const { code, signal, stderr } = await child.ended
      const refused = child.latest('refused')
      if (refused !== undefined) this.#onFailure(`${child.label}: ${String(refused)}`)
      if (child.latest('finished') !== undefined) this.#over = true
      if (this.#over) return
      const meant = this.#killed.has(child) || child.latest('struck') !== undefined
      // One that did not come up while its database was away is simply started again.
      if (!meant && child.latest('ready') !== undefined) {
        this.#onFailure(`${child.label} ended by itself with ${signal ?? `code ${code}`}: ${stderr.slice(-500)}`)
      }
      await sleep(200)
      if (this.#over) return
      this.#child = this.#begin()
    }
  }
}
