import {
  DatabaseUnavailableError,
  type InstanceCount,
  type InstanceCountFilter,
  type InstanceFilter,
  type InstanceKey,
  type ProcessInstance,
  type ProcessInstanceStorePort,
  type ProcessTransaction,
  type ProcessTransactionsPort,
} from '@cairn/core'
import { z } from 'zod'
import { hintLocally } from '../append/local-hints.ts'
import { PgCommandQueue } from '../commands/pg-command-queue.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable, translateError } from '../connection/retry.ts'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { sql } from '../connection/sql.ts'
import { lendTransaction } from '../transaction/lend-transaction.ts'
import { PgProcessInstances } from './pg-process-instances.ts'

const Locked = z.object({ locked: z.string().nullable() })

/** Instances outside of a subscription's commit: read by processors before they work, and changed by schedulers of their own. */
export class PgProcessStore implements ProcessInstanceStorePort, ProcessTransactionsPort {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  load(keys: readonly InstanceKey[]): Promise<readonly (ProcessInstance | undefined)[]> {
    return this.#ask((instances) => instances.load(keys))
  }

  save(saved: readonly ProcessInstance[]): Promise<void> {
    return this.#ask((instances) => instances.save(saved))
  }

  list(filter: InstanceFilter): Promise<readonly ProcessInstance[]> {
    return this.#ask((instances) => instances.list(filter))
  }

  count(filter: InstanceCountFilter): Promise<readonly InstanceCount[]> {
    return this.#ask((instances) => instances.count(filter))
  }

  async transaction<T>(key: InstanceKey, work: (tx: ProcessTransaction) => Promise<T>): Promise<T> {
    const { gates, pools, schema } = this.#db
    const what = `a step of process manager ${key.processManager}`
    try {
      const { result, enqueued } = await gates.commit.run(() =>
        gates.worker.run(() =>
          lendTransaction(pools.worker, async (connection) => {
            await connection.one(sql.type(Locked)`
              select ${sql.identifier([schema, 'lock_process_instance'])}(${key.processManager}, ${key.tenantId}, ${key.instanceId})::text as locked`)
            const commands = new PgCommandQueue(connection, this.#db, 'prepared')
            const instances = new PgProcessInstances(connection, this.#db, 'prepared')
            const done = await work({ commands, instances })
            commands.check()
            return { result: done, enqueued: commands.used }
          }),
        ),
      )
      if (enqueued) hintLocally(this.#db)
      return result
    } catch (error) {
      throw isConnectionFailure(error) ? new DatabaseUnavailableError(what, error) : translateError(error, what)
    }
  }

  #ask<T>(work: (instances: PgProcessInstances) => Promise<T>): Promise<T> {
    const { gates, pools, options } = this.#db
    return retryWhileUnavailable('the process managers', options.retryForMs, () =>
      gates.worker.run(() => work(new PgProcessInstances(pools.worker, this.#db, 'prepared'))),
    )
  }
}
