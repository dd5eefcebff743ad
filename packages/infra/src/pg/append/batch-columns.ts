import { encodeExpected, type AppendEntry } from './append-entry.ts'

/** A batch as append_many takes it: columns, aligned by ordinal. What each holds stands in db/functions/030-append-many.sql. */
export class BatchColumns {
  readonly tenants: string[] = []
  readonly append = { tenant: numbers(), type: texts(), id: texts(), expected: numbers(), count: numbers() }
  readonly receipt = {
    append: numbers(),
    id: texts(),
    hash: texts(),
    offset: numbers(),
    count: numbers(),
    last: numbers(),
    audit: nullableTexts(),
  }
  readonly event = { append: numbers(), ordinal: numbers(), id: texts(), type: texts(), payload: texts(), metadata: numbers() }
  readonly snapshot = { append: numbers(), version: numbers(), schema: numbers(), state: texts() }
  /** For each append, how many events stand before its own. */
  readonly firstEvent = numbers()
  /** Each metadata once; the events of a command share theirs. */
  readonly metadata = texts()
  readonly #tenantNumbers = new Map<string, number>()

  add(entry: AppendEntry): void {
    const { tenantId, aggregateType, aggregateId } = entry.stream
    this.append.tenant.push(this.#tenantNumber(tenantId))
    this.append.type.push(aggregateType)
    this.append.id.push(aggregateId)
    this.append.expected.push(encodeExpected(entry.expected))
    const append = this.append.count.push(entry.events.length)
    const before = this.event.append.length
    this.firstEvent.push(before)
    for (const receipt of entry.receipts) {
      this.receipt.append.push(append)
      this.receipt.id.push(receipt.id)
      this.receipt.hash.push(receipt.hash)
      this.receipt.offset.push(receipt.offset)
      this.receipt.count.push(receipt.count)
      this.receipt.last.push(receipt.count === 0 ? 0 : before + receipt.offset + receipt.count)
      this.receipt.audit.push(receipt.audit)
    }
    let ordinal = 0
    for (const event of entry.events) {
      this.event.append.push(append)
      this.event.ordinal.push(++ordinal)
      this.event.id.push(event.id)
      this.event.type.push(event.type)
      this.event.payload.push(event.payload)
      // The one before is the one to compare with: equal ones stand together.
      if (this.metadata.at(-1) !== event.metadata) this.metadata.push(event.metadata)
      this.event.metadata.push(this.metadata.length)
    }
    if (entry.snapshot !== undefined) {
      this.snapshot.append.push(append)
      this.snapshot.version.push(entry.snapshot.version)
      this.snapshot.schema.push(entry.snapshot.schemaVersion)
      this.snapshot.state.push(entry.snapshot.state)
    }
  }

  #tenantNumber(tenantId: string): number {
    const known = this.#tenantNumbers.get(tenantId)
    if (known !== undefined) return known
    const number = this.tenants.push(tenantId)
    this.#tenantNumbers.set(tenantId, number)
    return number
  }
}

const numbers = (): number[] => []
const texts = (): string[] => []
const nullableTexts = (): (string | null)[] => []
