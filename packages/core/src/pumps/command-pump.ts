import { InvalidInputError } from '../errors/index.ts'
import type { CommandStorePort } from '../ports/index.ts'
import { StoredScheduler } from '../scheduling/stored-scheduler.ts'
import { CommandHandOver } from './command-hand-over.ts'
import type { CommandTaker } from './command-helpers.ts'
import type { PendingCommandRow } from './pending-commands.port.ts'
import type { PumpConfig } from './pump-config.ts'

export interface CommandPumpOptions {
  /** Who carries the commands out: a `JobSchedulerPort`, or the `TemporalScheduler`. */
  readonly scheduler: CommandTaker
  readonly commands: Pick<CommandStorePort, 'markStatus'>
  /** Which command types are carried out by a user's own workflow, and by which. @default none */
  readonly workflows?: Readonly<Record<string, string>> | undefined
  /** @default 20 */
  readonly batchSize?: number | undefined
  /** The schema of Cairn's tables. @default 'cairn' */
  readonly schema?: string | undefined
  readonly onStatus?: PumpConfig['onStatus']
}

/**
 * Pending commands to a scheduler, whoever stored them: a pump that is this configuration and nothing else. A command that the
 * scheduler refuses for good fails; one that it cannot take now stays pending and is tried again; the rest of the batch goes on.
 * @throws InvalidInputError for a scheduler that itself waits for the table
 */
export function commandPump(options: CommandPumpOptions): PumpConfig<PendingCommandRow> {
  const { scheduler, commands, workflows = {}, batchSize = 20, schema = 'cairn' } = options
  if (scheduler instanceof StoredScheduler) {
    throw new InvalidInputError(
      'scheduler',
      "The scheduler 'postgres' waits for whoever carries stored commands out, and a command pump would wait with it for ever. The app's command worker does what the pump would; to pump, set `scheduler: 'in-process'`, or one outside of the table.",
    )
  }
  const handOver = new CommandHandOver({ scheduler, commands, workflows })
  return {
    channel: 'commands-pump',
    eventSpec: { event: 'INSERT', schema, table: 'commands', filter: 'status=eq.pending' },
    batchSize,
    validate: ({ status, type }) => status === 'pending' && type !== '',
    processBatch: (rows, { pass }) => handOver.take(rows, pass),
    onStatus: options.onStatus,
  }
}
