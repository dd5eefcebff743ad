import type { OrderChecked } from '../child/protocol.ts'
import type { System } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { ChildSystem } from './child-system.ts'
import type { RunOptions } from './run-row.ts'

export interface OrderResult extends OrderChecked {
  readonly system: System
  readonly variant: string
}

const orderRow: Row = {
  id: 'order',
  title: 'whole-log order while 100 callers write',
  unit: 'events',
  shape: { kind: 'command', callers: 100, aggregates: 2000, history: 1 },
  targets: [],
}

/** Whether a reader of the whole log meets every event once and in order while others write. */
export async function runOrder(options: RunOptions): Promise<OrderResult[]> {
  const results: OrderResult[] = []
  for (const system of options.systems.filter((s) => s !== 'floor')) {
    options.signal.throwIfAborted()
    options.onStep(`${system}: migrate and seed`)
    const url = await options.databases.create(`order_${system}`)
    const child = new ChildSystem(system)
    try {
      const variants = await child.ask({ ask: 'prepare', system, url, schema: options.databases.schema, row: orderRow })
      const chosen = variants.find((v) => v.name.includes('pool 20')) ?? variants[0]
      if (chosen === undefined) continue
      options.onStep(`${system}: reading while ${orderRow.shape.callers} callers write`)
      results.push({
        system,
        variant: chosen.name,
        ...(await child.ask({ ask: 'order', variant: chosen.name, seconds: options.seconds })),
      })
    } finally {
      await child.close()
      await options.databases.drop(url)
    }
  }
  return results
}
