/** What the writers know of their own events: which were acknowledged, and which they took back. */
export class Ledger {
  readonly committed = new Set<string>()
  readonly takenBack = new Set<string>()

  commit(ids: Iterable<string>): void {
    for (const id of ids) this.committed.add(id)
  }

  takeBack(ids: Iterable<string>): void {
    for (const id of ids) this.takenBack.add(id)
  }
}
