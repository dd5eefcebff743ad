import { openScheduler, openStores } from './temporal-rig.ts'
import { note } from './journal.ts'

/**
 * A process of its own with a scheduler and no worker: sends lines to one journal, all at once, and prints what became of each as
 * one line of JSON. Its plan is in the environment.
 */
const plan = JSON.parse(process.env['CAIRN_TEST_PLAN'] ?? '{}')
const stores = await openStores(plan.database)
const { scheduler, close } = openScheduler(plan.address, stores)
const outcomes = await Promise.all(
  Array.from({ length: plan.count }, async (_, i) => {
    const command = note('t', plan.journalId, `${plan.name} ${i}`)
    const row = await scheduler.schedule(command)
    return { id: command.id, answered: row.command.id, status: row.status, text: row.command.payload, result: row.result }
  }),
)
console.log(JSON.stringify(outcomes))
await close()
await stores.close()
