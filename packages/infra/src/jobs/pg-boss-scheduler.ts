import { StoppedError, waitForCommand, type Command, type JobSchedulerPort, type LoggerPort, type StoredCommand } from '@cairn/core'
import type { PgBossContext } from './pg-boss.ts'
import type { ResolvedPgBossOptions } from './pg-boss-options.ts'

/** Carries stored commands out through pg-boss, in the same database. */
export class PgBossScheduler implements JobSchedulerPort {
  readonly #context: PgBossContext & { readonly logger: LoggerPort }
  readonly #stopping = new AbortController()

  constructor(context: PgBossContext & { readonly logger: LoggerPort }, _options: ResolvedPgBossOptions) {
    this.#context = context
  }

  async start(): Promise<void> {}

  async schedule(command: Command): Promise<StoredCommand> {
    const { commands, hints } = this.#context
    const stored = await commands.upsert(command)
    const { tenantId, id } = stored.command
    return waitForCommand(commands, tenantId, id, { timeoutMs: Infinity, hints, signal: this.#stopping.signal })
  }

  async cancel(_tenantId: string, _commandId: string): Promise<boolean> {
    return false
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new StoppedError('The scheduler'))
  }
}
