import { Command, CommanderError } from 'commander'
import { addCreationCommand } from './creation/command.ts'
import { addDedupCommand } from './dedup/command.ts'
import { addFaultsCommand } from './faults/command.ts'
import { addHeldStreamCommand } from './held-stream/command.ts'
import { addHintsCommand } from './hints/command.ts'
import { addOrderCommand } from './order/command.ts'
import { addOrdersCommand } from './orders/command.ts'
import { addPoisonCommand } from './poison/command.ts'
import { addProjectionsKillCommand } from './projections-kill/command.ts'
import { addProjectionsPauseCommand } from './projections-pause/command.ts'
import { addRebuildLoadCommand } from './rebuild-load/command.ts'
import { addTenantsCommand } from './tenants/command.ts'

const program = new Command('stress')
  .description(
    'Race, order and fault checks of the event store, subscriptions and projections: each prints a verdict, and ends with 0 (ok), 1 (not ok) or 2 (usage).',
  )
  .exitOverride()
  .showHelpAfterError('(--help shows the options)')
for (const add of [
  addOrderCommand,
  addCreationCommand,
  addDedupCommand,
  addHeldStreamCommand,
  addTenantsCommand,
  addFaultsCommand,
  addProjectionsKillCommand,
  addProjectionsPauseCommand,
  addHintsCommand,
  addPoisonCommand,
  addRebuildLoadCommand,
  addOrdersCommand,
])
  add(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    console.error(error instanceof Error ? error.stack : error)
    process.exitCode = 1
  }
}
