import type { ContractGroup } from './contract-case.ts'
import { appendGroup } from './event-store/append-group.ts'
import { appending } from './event-store/appending.ts'
import { badInput } from './event-store/bad-input.ts'
import { closing } from './event-store/closing.ts'
import { eventStoreContext, type EventStoreContext, type EventStoreFixture } from './event-store/context.ts'
import { existing } from './event-store/existing.ts'
import { expectedVersion } from './event-store/expected-version.ts'
import { idempotency } from './event-store/idempotency.ts'
import { history, jsonValues } from './event-store/json.ts'
import { loading } from './event-store/loading.ts'
import { querying } from './event-store/querying.ts'
import { readingAll } from './event-store/reading-all.ts'
import { readingStreams } from './event-store/reading-streams.ts'
import { reservations } from './event-store/reservations.ts'
import { tenancy } from './event-store/tenancy.ts'
import { transactions } from './event-store/transactions.ts'
import { unusualIds } from './event-store/unusual-ids.ts'
import { registerContract } from './register-contract.ts'

/** Every promise of `EventStorePort` and `EventQueryPort`, as data. */
export const eventStoreCases: readonly ContractGroup<EventStoreContext>[] = [
  appending,
  expectedVersion,
  idempotency,
  appendGroup,
  loading,
  readingStreams,
  readingAll,
  querying,
  existing,
  closing,
  transactions,
  reservations,
  tenancy,
  unusualIds,
  badInput,
  jsonValues,
  history,
]

/**
 * What every event store must pass. Call it at the top level of a vitest file; `factory` is called once, and each case
 * works with tenants of its own.
 */
export function eventStoreContract(name: string, factory: () => Promise<EventStoreFixture>): void {
  registerContract(name, eventStoreCases, factory, eventStoreContext)
}
