import type { Generation, GenerationPlan, PhysicalTable } from '@cairn/core'
import { counter, upserting } from '../row-store/given.ts'
import type { ProjectionStoreContext } from './context.ts'

export function tableOf({ tables }: Generation): PhysicalTable {
  const [table] = tables
  if (table === undefined) throw new TypeError('The generation has no table.')
  return table
}

/** Writes counters (id to count) of the case's tenant, and moves the checkpoint to the position. */
export async function fed(
  context: ProjectionStoreContext,
  generation: Generation,
  counts: Readonly<Record<string, number>>,
  position = 10,
  tenantId = context.tenantId,
): Promise<void> {
  const rows = Object.entries(counts).map(([id, count]) => counter(tenantId, id, count, position))
  await context.rows.write(tableOf(generation), upserting(...rows))
  await context.moveTo(generation, position)
}

/** A generation that is live, with these counters, at position 10. */
export async function givenLive(
  context: ProjectionStoreContext,
  counts: Readonly<Record<string, number>>,
  more: Partial<GenerationPlan> = {},
): Promise<Generation> {
  const generation = await context.store.create(context.plan(more))
  await fed(context, generation, counts)
  await context.store.switchTo(generation)
  return generation
}

/** What readers find: id to count. */
export async function visibleCounts({ visible, table }: ProjectionStoreContext): Promise<Readonly<Record<string, unknown>> | undefined> {
  const rows = await visible(table)
  return rows === undefined ? undefined : Object.fromEntries(rows.map((row) => [String(row['id']), row['count']]))
}

export async function statesOf({ store, projection }: ProjectionStoreContext): Promise<Readonly<Record<number, string>>> {
  return Object.fromEntries((await store.generations(projection)).map(({ generation, state }) => [generation, state]))
}
