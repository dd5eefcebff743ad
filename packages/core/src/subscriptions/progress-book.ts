/** Up to where this process has made effects visible, by subscription and partition, and who waits for it. */
export class ProgressBook {
  readonly #positions = new Map<string, Map<number, number>>()
  readonly #listeners = new Map<string, Set<() => void>>()

  get(id: string, partition: number): number | undefined {
    return this.#positions.get(id)?.get(partition)
  }

  /** Raises it; a lower position says nothing new. */
  set(id: string, partition: number, position: number): void {
    let partitions = this.#positions.get(id)
    if (partitions === undefined) this.#positions.set(id, (partitions = new Map()))
    if (position <= (partitions.get(partition) ?? -1)) return
    partitions.set(partition, position)
    this.#tell(id)
  }

  /** The partition is no longer run here. */
  delete(id: string, partition: number): void {
    this.#positions.get(id)?.delete(partition)
    this.#tell(id)
  }

  /** Calls `changed` for each change of the subscription, until the returned function is called. */
  listen(id: string, changed: () => void): () => void {
    let listeners = this.#listeners.get(id)
    if (listeners === undefined) this.#listeners.set(id, (listeners = new Set()))
    const own = (): void => changed()
    listeners.add(own)
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
    }
  }

  #tell(id: string): void {
    for (const changed of this.#listeners.get(id) ?? []) changed()
  }
}
