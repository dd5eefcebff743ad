import { randomUUID } from 'node:crypto'
import type { Command, NewCommand } from '@cairn/core'
import { PgCommandBatches } from '@cairn/infra/pg'
import type { ProcessRig } from '../../../support/process-rig.ts'
import type { PgStores } from '../../processes/support/pg-stores.ts'

/** Stores commands as pending, in this order; their ids say nothing of it. */
export async function givenCommands(stores: PgStores, tenantId: string, made: readonly NewCommand[]): Promise<readonly Command[]> {
  const commands = made.map(({ type, aggregateType, aggregateId, payload }): Command => {
    const id = randomUUID()
    const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
    return { id, tenantId, type, aggregateType, aggregateId, payload, metadata }
  })
  const refused = (await new PgCommandBatches(stores.db).upsert(commands)).find((row) => row instanceof Error)
  if (refused !== undefined) throw refused
  return commands
}

/** What was added to a counter. */
export async function added({ stores }: ProcessRig, tenantId: string, aggregateId: string): Promise<readonly unknown[]> {
  const all: unknown[] = []
  for await (const { payload } of stores.store.readStream({ tenantId, aggregateType: 'counter', aggregateId })) {
    all.push((payload as { readonly n: unknown }).n)
  }
  return all
}
