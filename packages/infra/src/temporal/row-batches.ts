import { IllegalStatusError, type Command, type StoredCommand } from '@cairn/core'
import type { CommandBatches } from './command-batches.ts'
import { BatchRouter } from './routing/batch-router.ts'

const limits = { maxBatch: 500, maxBatchBytes: 1_048_576, maxInFlight: 8, maxWaiting: Number.MAX_SAFE_INTEGER } as const

/**
 * Single look-ups and stores of many callers as few bulk ones: one under way per tenant, and what comes meanwhile goes with the
 * next. So callers are answered in the order of their calls.
 */
export class RowBatches {
  readonly #upserts: BatchRouter<string, Command, StoredCommand | Error>
  readonly #loads: BatchRouter<string, string, StoredCommand | Error>

  constructor(batches: CommandBatches) {
    this.#upserts = new BatchRouter({
      ...limits,
      keyOf: (tenantId) => tenantId,
      sizeOf: (command) => JSON.stringify(command.payload ?? null).length,
      send: (_tenantId, commands) => batches.upsert(commands),
    })
    this.#loads = new BatchRouter({
      ...limits,
      keyOf: (tenantId) => tenantId,
      sizeOf: (id) => id.length,
      async send(tenantId, ids) {
        const rows = await batches.load(tenantId, ids)
        return ids.map((id, i): StoredCommand | Error => rows[i] ?? new IllegalStatusError(id, undefined, 'processed'))
      },
    })
  }

  /** @throws CommandIdReusedError and what else `CommandStorePort.upsert` throws */
  async upsert(command: Command): Promise<StoredCommand> {
    return orThrow(await this.#upserts.route(command.tenantId, command))
  }

  /** @throws IllegalStatusError when it is not stored */
  async load(tenantId: string, id: string): Promise<StoredCommand> {
    return orThrow(await this.#loads.route(tenantId, id))
  }
}

function orThrow(row: StoredCommand | Error): StoredCommand {
  if (row instanceof Error) throw row
  return row
}
