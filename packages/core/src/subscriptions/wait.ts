import { isCairnError } from '../errors/cairn-error.ts'
import { InvalidInputError } from '../errors/input.ts'
import { UnknownSubscriptionError, WaitTimeoutError } from '../errors/subscriptions.ts'
import type { SubscriptionKey, SubscriptionStatus, SubscriptionStorePort } from '../ports/subscription-store.port.ts'
import { assertVersion } from '../validation/versions.ts'
import type { ProgressBook } from './progress-book.ts'
import { keyText } from './subscription-name.ts'
import { isTransient } from './transient.ts'
import { Wake } from './wake.ts'

export interface WaitOptions {
  /** Milliseconds. @default 5_000 */
  readonly timeoutMs?: number | undefined
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

interface WaitParts {
  readonly store: SubscriptionStorePort
  readonly progress: ProgressBook
  /** The subscriptions that this process runs. */
  readonly known: () => readonly SubscriptionKey[]
  /** Has the log read now. */
  readonly nudge: () => void
}

/** Between two looks at the store, milliseconds; the wait grows from one to the other. */
const firstLookMs = 10
const lastLookMs = 250

/**
 * Waits until subscriptions have handled everything up to a position, and its effects are visible. A name stands for its newest
 * generation that is neither built nor retired.
 * @throws WaitTimeoutError, UnknownSubscriptionError
 */
export async function waitForPosition(
  parts: WaitParts,
  position: number,
  subscriptions: readonly (string | SubscriptionKey)[],
  { timeoutMs = 5_000, signal }: WaitOptions = {},
): Promise<void> {
  assertVersion('position', position)
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
    throw new InvalidInputError('timeoutMs', `timeoutMs must be a number of milliseconds, 0 or more, not ${String(timeoutMs)}.`)
  signal?.throwIfAborted()
  const deadline = performance.now() + timeoutMs
  const waits = await Promise.all(subscriptions.map((wanted) => Waiting.begin(parts, wanted, position)))
  await Promise.all(waits.map((waiting) => waiting.until(deadline, signal)))
  const behind = waits.flatMap((waiting) => waiting.behind())
  if (behind.length > 0) throw new WaitTimeoutError(position, behind, timeoutMs)
}

/** The wait for one subscription. */
class Waiting {
  readonly #parts: WaitParts
  readonly #key: SubscriptionKey
  readonly #position: number
  #status: SubscriptionStatus
  #wasReached = false

  static async begin(parts: WaitParts, wanted: string | SubscriptionKey, position: number): Promise<Waiting> {
    return new Waiting(parts, await statusOf(parts, wanted), position)
  }

  constructor(parts: WaitParts, status: SubscriptionStatus, position: number) {
    this.#parts = parts
    this.#key = status.key
    this.#status = status
    this.#position = position
  }

  /** Ends when the position is reached, or at the deadline. @throws the signal's reason */
  async until(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const wake = new Wake()
    const changed = (): void => wake.ring()
    const deaf = this.#parts.progress.listen(keyText(this.#key), changed)
    signal?.addEventListener('abort', changed)
    try {
      for (let pause = firstLookMs; !this.#reached(); pause = Math.min(lastLookMs, pause * 2)) {
        signal?.throwIfAborted()
        const left = deadline - performance.now()
        if (left <= 0) return
        this.#parts.nudge()
        await this.#changes(wake, performance.now() + Math.min(pause, left), signal)
        if (!this.#reached()) await this.#look(signal)
      }
    } finally {
      deaf()
      signal?.removeEventListener('abort', changed)
    }
  }

  /** The store may be away for a while, or for good because the app has stopped. */
  async #look(signal: AbortSignal | undefined): Promise<void> {
    try {
      this.#status = (await this.#parts.store.get(this.#key)) ?? this.#status
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTransient(error) && !isCairnError(error, 'CAIRN_STATEMENT_STOPPED')) throw error
    }
  }

  /** Ends when the position is reached, at the time, or with the signal. */
  async #changes(wake: Wake, until: number, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const left = until - performance.now()
      if (left <= 0 || this.#reached() || signal?.aborted === true) return
      await wake.wait(left)
    }
  }

  behind(): readonly { readonly name: string; readonly checkpoint: number; readonly state: string }[] {
    if (this.#reached()) return []
    const slowest = this.#status.partitions.toSorted((a, b) => this.#at(a) - this.#at(b))[0]
    return [{ name: keyText(this.#key), checkpoint: slowest === undefined ? 0 : this.#at(slowest), state: slowest?.state ?? 'new' }]
  }

  /** What was visible once stays so, also when another process takes the partition over and this one knows of it no more. */
  #reached(): boolean {
    this.#wasReached ||= this.#status.partitions.every((partition) => this.#at(partition) >= this.#position)
    return this.#wasReached
  }

  /** This process knows first what it has done itself. */
  #at({ partition, checkpoint }: { readonly partition: number; readonly checkpoint: number }): number {
    return Math.max(checkpoint, this.#parts.progress.get(keyText(this.#key), partition) ?? 0)
  }
}

/** @throws UnknownSubscriptionError */
async function statusOf({ store, known }: WaitParts, wanted: string | SubscriptionKey): Promise<SubscriptionStatus> {
  if (typeof wanted !== 'string') {
    const status = await store.get(wanted)
    if (status !== undefined) return status
    throw new UnknownSubscriptionError(keyText(wanted), await knownNames(store))
  }
  const here = known().filter(({ name }) => name === wanted)
  const [only] = here
  const own = here.length === 1 && only !== undefined ? await store.get(only) : undefined
  if (own !== undefined) return own
  const generations = (await store.list()).filter(({ key }) => key.name === wanted)
  const readable = generations.filter(({ partitions }) => !partitions.some(({ state }) => unreadable.has(state)))
  const status = readable.at(-1) ?? generations.at(-1)
  if (status === undefined) throw new UnknownSubscriptionError(wanted, await knownNames(store))
  return status
}

/** What nobody reads from: being built, or ended. */
const unreadable: ReadonlySet<string> = new Set(['rebuilding', 'retired', 'detached'])

async function knownNames(store: SubscriptionStorePort): Promise<readonly string[]> {
  return [...new Set((await store.list()).map(({ key }) => key.name))]
}
