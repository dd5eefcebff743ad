import { InMemoryRowStore, ProjectionProcessor, type PhysicalTable, type ProjectionDefinition, type RecordedEvent } from '@cairn/core'
import type { DeliveryPlan } from './delivery-plan.ts'

/**
 * Runs a projection over events as the subscription engine does, in memory: batches, transactions, checkpoints, crashes. Each
 * partition key is a partition of its own, so that a row which two keys reach is found, however few the events are.
 */
export async function deliver(
  definition: ProjectionDefinition,
  events: readonly RecordedEvent[],
  plan: DeliveryPlan,
): Promise<InMemoryRowStore> {
  const rows = new InMemoryRowStore()
  const handled = events.filter(({ type }) => definition.types.includes(type))
  const byKey = Map.groupBy(handled, (event) => definition.keyOf(event))
  let partition = 0
  for (const own of byKey.values()) await deliverPartition(definition, own, plan, rows, partition++)
  return rows
}

async function deliverPartition(
  definition: ProjectionDefinition,
  events: readonly RecordedEvent[],
  plan: DeliveryPlan,
  rows: InMemoryRowStore,
  partition: number,
): Promise<void> {
  const { cacheRows } = plan
  const open = (): ProjectionProcessor => new ProjectionProcessor({ definition, partition, tables: tablesOf(definition), rows, cacheRows })
  let processor = open()
  let done = 0
  while (done < events.length) {
    let next = done
    for (let batches = plan.batches(); batches > 0 && next < events.length; batches--) {
      const batch = events.slice(next, next + plan.batch(events.length - next))
      await processor.handle(batch)
      next += batch.length
    }
    const mishap = plan.mishap()
    if (mishap === 'dies-before-commit') {
      processor = open()
      continue
    }
    const transaction = rows.begin()
    await processor.commit({ rows: transaction })
    if (mishap === 'rolled-back') {
      processor.reset()
      continue
    }
    transaction.commit()
    done = next
    if (mishap === 'dies-after-commit') processor = open()
    else processor.committed()
  }
}

function tablesOf(definition: ProjectionDefinition): readonly PhysicalTable[] {
  return [...definition.tables.values()].map((model) => ({ name: model.name, model }))
}
