import { setTimeout as sleep } from 'node:timers/promises'
import { CommandBus, Registry } from '@cairn/core'
import { pgBoss } from '@cairn/infra/jobs'
import { openPg, PgCommandStore, PgDueCommands, PgEventStore } from '@cairn/infra/pg'
import { counting } from '@cairn/testing/contracts'

/** A worker as a process of its own, slow; prints a line for each command that it begins, and is there to be killed. */
const plan: { readonly database: Parameters<typeof openPg>[0]; readonly ownerUrl: string } = JSON.parse(
  process.env['CAIRN_TEST_PLAN'] ?? '{}',
)
const db = await openPg(plan.database)
const registry = new Registry([counting])
const bus = new CommandBus({ store: new PgEventStore(db), models: registry.aggregates })
const running = pgBoss().start({
  db,
  bus: {
    async dispatch(command, options) {
      console.log(command.id)
      const dispatched = await bus.dispatch(command, options)
      // Killed before it could say so, or before it began.
      await sleep(200)
      return dispatched
    },
  },
  registry,
  commands: new PgCommandStore(db),
  due: new PgDueCommands(db),
  ownerUrl: plan.ownerUrl,
})
await running.ready
