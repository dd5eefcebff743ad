import { ReservationTakenError, StoppedError } from '@cairn/core'

/** What one open transaction holds and waits for. */
export class ReservationHolder {
  /** The keys it has touched, and whether each is taken once it commits. */
  readonly touched = new Map<string, boolean>()
  readonly waitsFor = new Set<ReservationHolder>()
  readonly ended: Promise<void>
  readonly #end: () => void
  #hasEnded = false

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  end(): void {
    this.#hasEnded = true
    this.#end()
  }

  isWaitingFor(other: ReservationHolder): boolean {
    return [...this.waitsFor].some((next) => next === other || next.isWaitingFor(other))
  }
}

/**
 * Unique values. As with a unique index, whoever asks for a value that an open transaction has touched waits for that
 * transaction's end, and then finds it taken or free.
 */
export class ReservationBook {
  readonly #taken = new Set<string>()
  readonly #holders = new Map<string, ReservationHolder>()

  async reserve(holder: ReservationHolder, tenantId: string, scope: string, key: string): Promise<void> {
    const full = fullKey(tenantId, scope, key)
    const free = await this.#hold(holder, full)
    if (!free || this.#isTaken(holder, full)) throw new ReservationTakenError(tenantId, scope, key)
    holder.touched.set(full, true)
  }

  async release(holder: ReservationHolder, tenantId: string, scope: string, key: string): Promise<boolean> {
    const full = fullKey(tenantId, scope, key)
    const free = await this.#hold(holder, full)
    if (!free) throw new ReservationTakenError(tenantId, scope, key)
    const taken = this.#isTaken(holder, full)
    holder.touched.set(full, false)
    return taken
  }

  end(holder: ReservationHolder, committed: boolean): void {
    for (const [key, taken] of holder.touched) {
      if (committed && taken) this.#taken.add(key)
      if (committed && !taken) this.#taken.delete(key)
    }
    for (const [key, held] of this.#holders) if (held === holder) this.#holders.delete(key)
    holder.end()
  }

  #isTaken(holder: ReservationHolder, key: string): boolean {
    return holder.touched.get(key) ?? this.#taken.has(key)
  }

  /** False when waiting would never end, because the other transaction waits for this one. */
  async #hold(holder: ReservationHolder, key: string): Promise<boolean> {
    for (;;) {
      // It failed while it waited here: what it held now, nobody would ever give back.
      if (holder.hasEnded) throw new StoppedError('The transaction')
      const other = this.#holders.get(key)
      if (other === undefined || other === holder) {
        this.#holders.set(key, holder)
        return true
      }
      if (other.isWaitingFor(holder)) return false
      holder.waitsFor.add(other)
      await other.ended
      holder.waitsFor.delete(other)
    }
  }
}

function fullKey(tenantId: string, scope: string, key: string): string {
  return `${tenantId}\0${scope}\0${key}`
}
