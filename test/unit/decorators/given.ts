import { hashCommand, uuidv7, type CommandReceipt, type EventToStore, type StreamKey } from '@cairn/core'

export function streamOf(tenantId: string, aggregateId: string = uuidv7()): StreamKey {
  return { tenantId, aggregateType: 'order', aggregateId }
}

export function eventsOf(count: number, correlationId: string = uuidv7()): readonly EventToStore[] {
  return Array.from({ length: count }, (_, n) => {
    return {
      id: uuidv7(),
      type: 'order.noted',
      payload: { secret: n },
      metadata: { correlationId, causationId: correlationId, schemaVersion: 1 },
    }
  })
}

export function receiptOf(): CommandReceipt {
  const id = uuidv7()
  return { id, hash: hashCommand({ type: 'order.note', aggregateType: 'order', aggregateId: 'some', payload: id }) }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
