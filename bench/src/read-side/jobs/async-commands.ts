import { CommandBus, CommandWorker, Registry, type CommandDispatcher } from '@cairn/core'
import { pgBoss } from '@cairn/infra/jobs'
import { openPg, PgCommandBatches, PgCommandStore, PgDueCommands, PgEventStore, PgHints } from '@cairn/infra/pg'

import { createLogins } from '../../contestants/cairn-logins.ts'
import type { CarriedOut, Job } from '../job.ts'
import { tenant } from '../made-log.ts'
import { lineCommand, parcels } from '../parcel.ts'
import { until } from '../until.ts'
import { withClient } from '../with-client.ts'

/** Rows are stored so many in a statement, and jobs inserted. */
export const storedAtOnce = 500

type AsyncJob = Extract<Job, { kind: 'async-commands' }>

/** Stored commands, from the first row's insert until the last row says `processed`. */
export async function asyncCommands({ url, schema, contextKey, way, commands, aggregates }: AsyncJob): Promise<CarriedOut> {
  const logins = await createLogins(url, schema)
  const db = await openPg({ url: logins.app, workerUrl: logins.worker, contextKey, schema })
  const store = new PgEventStore(db)
  const hints = new PgHints(db)
  const due = new PgDueCommands(db)
  const registry = new Registry([parcels])
  const counted = new CountingBus(new CommandBus({ store, models: registry.aggregates }))
  const { start, stop } = way === 'command-worker' ? workerOf() : bossOf()

  function workerOf() {
    const worker = new CommandWorker({ due, bus: counted, registry, hints })
    return { start: async () => worker.start(), stop: () => worker.stop() }
  }
  function bossOf() {
    const running = pgBoss().start({ db, bus: counted, registry, commands: new PgCommandStore(db), due, hints, ownerUrl: url })
    return { start: () => running.ready, stop: () => running.stop() }
  }

  await start()
  try {
    const batches = new PgCommandBatches(db)
    const given = Array.from({ length: commands }, (_, n) => lineCommand(n, tenant, aggregates))
    return await withClient(url, async (client) => {
      const began = performance.now()
      for (let i = 0; i < commands; i += storedAtOnce) await batches.upsert(given.slice(i, i + storedAtOnce))
      await until(async () => {
        if (counted.done < commands) return false
        const { rowCount } = await client.query(`select from ${schema}.commands where status in ('pending', 'consumed') limit 1`)
        return rowCount === 0
      })
      const seconds = (performance.now() - began) / 1000
      const { rows } = await client.query<{ effects: number }>(
        `select count(*)::int as effects from ${schema}.commands c where c.status = 'processed' and c.version is not null`,
      )
      return { commands, seconds, effects: rows[0]?.effects ?? 0 }
    })
  } finally {
    await stop()
    await hints.close()
    await store.drained()
    await db.close()
  }
}

class CountingBus implements CommandDispatcher {
  readonly #bus: CommandDispatcher
  done = 0

  constructor(bus: CommandDispatcher) {
    this.#bus = bus
  }

  async dispatch(...call: Parameters<CommandDispatcher['dispatch']>) {
    try {
      return await this.#bus.dispatch(...call)
    } finally {
      this.done++
    }
  }
}
