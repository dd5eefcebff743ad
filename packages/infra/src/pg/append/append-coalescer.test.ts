import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppendCoalescer, type AppendTransport } from './append-coalescer.ts'
import type { AppendEntry, AppendOutcome } from './append-entry.ts'

const appended: AppendOutcome = { kind: 'appended', version: 1, positions: [1], recordedAt: 0 }

function entry(aggregateId: string, commandId: string): AppendEntry {
  return {
    stream: { tenantId: 'acme', aggregateType: 'account', aggregateId },
    key: aggregateId,
    expected: 0,
    events: [],
    receipts: [{ id: commandId, hash: '', offset: 0, count: 0, audit: null }],
    snapshot: undefined,
    bytes: 100,
  }
}

/** Answers at once, and remembers what was sent, and in which batches. */
class Transport implements AppendTransport {
  readonly batches: (readonly AppendEntry[])[] = []

  async sendMany(entries: readonly AppendEntry[]): Promise<readonly AppendOutcome[]> {
    this.batches.push(entries)
    return entries.map(() => appended)
  }

  async sendOne(one: AppendEntry): Promise<AppendOutcome> {
    this.batches.push([one])
    return appended
  }

  sendAside(): Promise<AppendOutcome> {
    throw new Error('Nothing is busy here.')
  }

  afterFailure(error: unknown): { readonly reason: unknown } {
    return { reason: error }
  }
}

describe('appends that come all at once', () => {
  let transport: Transport
  let coalescer: AppendCoalescer

  beforeEach(() => {
    transport = new Transport()
    coalescer = new AppendCoalescer(transport, 60_000)
  })

  afterEach(() => coalescer.drained())

  async function append(entries: readonly AppendEntry[]): Promise<AppendEntry[]> {
    await Promise.all(entries.map((one) => coalescer.append(one)))
    return transport.batches.flat()
  }

  it('are all sent, in the order they came, however many', async () => {
    const entries = Array.from({ length: 300_000 }, (_, i) => entry(`a${i}`, `c${i}`))
    const sent = await append(entries)
    expect(sent.length).toBe(entries.length)
    expect(sent.every((one, i) => one === entries[i])).toBe(true)
    expect(transport.batches.length).toBeLessThan(1_000)
  })

  it('are sent one after another where they are for one stream, however many', async () => {
    const entries = Array.from({ length: 200_000 }, (_, i) => entry('hot', `c${i}`))
    const sent = await append(entries)
    expect(sent.every((one, i) => one === entries[i])).toBe(true)
    expect(transport.batches.length).toBe(entries.length)
  })

  it('are passed over where their command is under way, and come first in the next batch', async () => {
    const entries = [entry('a', 'one'), entry('b', 'ONE'), entry('c', 'two'), entry('d', 'one'), entry('e', 'three')]
    await append(entries)
    expect(transport.batches.map((batch) => batch.map(({ key }) => key))).toEqual([['a', 'c', 'e'], ['b'], ['d']])
  })
})
