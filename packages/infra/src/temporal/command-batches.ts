import { isCairnError, type Command, type CommandStorePort, type StatusChange, type StoredCommand } from '@cairn/core'

export interface CommandChange {
  readonly id: string
  readonly change: StatusChange
}

/** The rows of several commands of one tenant at once. Answers stand in the order of the ids. */
export interface CommandBatches {
  /**
   * Stores commands as pending, as `CommandStorePort.upsert` does, and answers each with its row, or with what is wrong with it.
   * @throws DatabaseUnavailableError, PoolExhaustedError
   */
  upsert(commands: readonly Command[]): Promise<readonly (StoredCommand | Error)[]>
  /** Marks those consumed that are pending, counting an attempt, and returns all as they are then. */
  take(tenantId: string, ids: readonly string[]): Promise<readonly (StoredCommand | undefined)[]>
  /** Changes statuses. A row that does not allow the move stays as it is: somebody else was first. */
  finish(tenantId: string, changes: readonly CommandChange[]): Promise<void>
  load(tenantId: string, ids: readonly string[]): Promise<readonly (StoredCommand | undefined)[]>
}

/** How many statements of one batch are under way at once. */
const width = 16

/** Over any command store, one statement per row. */
export function commandBatches(store: CommandStorePort): CommandBatches {
  const move = async (tenantId: string, id: string, change: StatusChange): Promise<StoredCommand | undefined> => {
    try {
      return await store.markStatus(tenantId, id, change)
    } catch (error) {
      if (isCairnError(error, 'CAIRN_ILLEGAL_STATUS')) return undefined
      throw error
    }
  }
  const storeOne = async (command: Command): Promise<StoredCommand | Error> => {
    try {
      return await store.upsert(command)
    } catch (error) {
      if (isCairnError(error) && !error.retryable) return error
      throw error
    }
  }
  return {
    upsert: (commands) => inOrder(commands, storeOne),
    take: (tenantId, ids) =>
      inOrder(ids, async (id) => (await move(tenantId, id, { status: 'consumed' })) ?? (await store.getById(tenantId, id))),
    load: (tenantId, ids) => inOrder(ids, (id) => store.getById(tenantId, id)),
    async finish(tenantId, changes) {
      await inOrder(changes, ({ id, change }) => move(tenantId, id, change))
    },
  }
}

async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i]
      if (item !== undefined) results[i] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}
