import {
  defaultFailurePolicy,
  describeStream,
  EventHandlingFailure,
  fingerprintOf,
  type CommitThresholds,
  type Consumer,
  type FailurePolicy,
  type InMemoryRowStore,
  type PhysicalTable,
  type Processor,
  type RecordedEvent,
  type StoredRow,
  type SubscriptionSpec,
  type SubscriptionTransaction,
} from '@cairn/core'

function tableOf(name: string): PhysicalTable {
  return { name, model: { name, columns: [], key: ['stream'], indexes: [], readAccess: undefined } }
}

export interface LedgerOptions {
  readonly name?: string
  readonly generation?: number
  readonly version?: number
  readonly types?: readonly string[] | '*'
  readonly partitions?: number
  readonly startAfter?: number
  readonly initialState?: SubscriptionSpec['initialState'] | undefined
  readonly failure?: Partial<FailurePolicy>
  readonly commit?: CommitThresholds | undefined
  readonly rows: InMemoryRowStore
  /** @default by stream */
  readonly keyOf?: Consumer['keyOf']
  /** How a failure of `before` is told: as it is, with the event's name, or saying too that the events before it are kept. @default 'plain' */
  readonly tells?: 'plain' | 'named' | 'kept' | undefined
  /** Called for each event before it is taken; what it throws fails the batch. */
  readonly before?: (event: RecordedEvent, attempt: number, retried: boolean) => void | Promise<void>
}

/**
 * A consumer that shows each mistake: it keeps, for each stream, the positions in the order in which they were handled, in rows that
 * are written with the checkpoint. An event that is lost, doubled or out of order stays visible for ever.
 */
export function ledger(options: LedgerOptions): Consumer {
  const {
    name = 'ledger',
    generation = 1,
    version = 1,
    types = ['order.noted'],
    partitions = 1,
    startAfter = 0,
    initialState = 'new',
  } = options
  return {
    spec: {
      key: { name, generation },
      kind: 'projection',
      version,
      fingerprint: fingerprintOf({ version, types, partitionBy: 'stream', partitions }),
      partitions,
      startAfter,
      initialState,
    },
    types,
    keyOf: options.keyOf ?? describeStream,
    failure: { ...defaultFailurePolicy, ...options.failure },
    commit: options.commit,
    open: ({ partition }) => new LedgerProcessor(options, partition),
  }
}

/** The positions that a ledger has of each stream. */
export function ledgerOf(rows: InMemoryRowStore, name = 'ledger'): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(rows.rows(name).map(({ key, values }) => [String(key[0]), positionsOf(values)]))
}

/** What the ledger must hold when everything was handled once and in order. */
export function ledgerFrom(events: readonly RecordedEvent[]): Readonly<Record<string, readonly number[]>> {
  const expected: Record<string, number[]> = {}
  for (const { aggregateId, position } of events) (expected[aggregateId] ??= []).push(position)
  return expected
}

class LedgerProcessor implements Processor {
  readonly #options: LedgerOptions
  readonly #partition: number
  readonly #table: PhysicalTable
  #cache = new Map<string, { readonly positions: number[]; position: number }>()
  readonly #dirty = new Set<string>()

  constructor(options: LedgerOptions, partition: number) {
    this.#options = options
    this.#partition = partition
    this.#table = tableOf(options.name ?? 'ledger')
  }

  get pending(): number {
    return this.#dirty.size
  }

  async handle(
    events: readonly RecordedEvent[],
    { attempt, retried }: { readonly attempt: number; readonly retried: boolean },
  ): Promise<void> {
    for (const event of events) {
      try {
        await this.#options.before?.(event, attempt, retried)
      } catch (error) {
        const { tells = 'plain' } = this.#options
        throw tells === 'plain' ? error : new EventHandlingFailure(event, error, { othersKept: tells === 'kept' })
      }
      const row = await this.#row(event.aggregateId)
      row.positions.push(event.position)
      row.position = event.position
      this.#dirty.add(event.aggregateId)
    }
  }

  async commit({ rows }: SubscriptionTransaction): Promise<void> {
    const upserts = [...this.#dirty].map((stream) => {
      const row = this.#cache.get(stream)
      return {
        tenantId: 'acme',
        key: [stream],
        values: { positions: [...(row?.positions ?? [])] },
        position: row?.position ?? 0,
        partition: this.#partition,
      }
    })
    await rows.write(this.#table, { upserts, deletes: [] })
  }

  committed(): void {
    this.#dirty.clear()
  }

  reset(): void {
    this.#dirty.clear()
    this.#cache = new Map()
  }

  async #row(stream: string): Promise<{ readonly positions: number[]; position: number }> {
    const known = this.#cache.get(stream)
    if (known !== undefined) return known
    const [stored] = await this.#options.rows.load(this.#table, [{ tenantId: 'acme', key: [stream] }])
    const row = { positions: [...positionsOf(stored?.values)], position: stored?.position ?? 0 }
    this.#cache.set(stream, row)
    return row
  }
}

function positionsOf(values: StoredRow['values'] | undefined): readonly number[] {
  const positions = values?.['positions']
  return Array.isArray(positions) ? positions.map(Number) : []
}
