import type { Command } from '../contracts/index.ts'
import type { DueCommandsPort, RefusedCommand } from '../ports/index.ts'
import { admitCommand, type CommandTypes } from '../scheduling/admit-command.ts'
import type { CommandDispatcher } from '../scheduling/command-worker-options.ts'
import { commandFailure } from '../scheduling/command-failure.ts'
import { HandledTypes } from '../scheduling/handled-types.ts'
import { settleAdmission } from '../scheduling/settle-admission.ts'
import { aggregateText } from './aggregate-text.ts'
import type { PendingCommandRow, StoredPendingCommand } from './pending-commands.port.ts'

export interface CommandAdmissionParts {
  readonly registry: CommandTypes
  /** Whose handlers take types that no aggregate handles. @default nobody's */
  readonly bus?: Pick<CommandDispatcher, 'handlers'> | undefined
  readonly due: Pick<DueCommandsPort, 'admit' | 'refuse'>
  /** A row of a type that this process does not know fails when it is so old, milliseconds: a rolling deploy. @default 60_000 */
  readonly unknownTypeGraceMs?: number | undefined
}

/** Settles rows that were written with SQL alone, and ends those that cannot be carried out. */
export class CommandAdmission {
  readonly #parts: CommandAdmissionParts
  readonly #handled: HandledTypes
  /** Aggregates with a command of an unknown type in this pass: what stands behind it waits with it. */
  readonly #held = new Set<string>()
  #pass = 0

  constructor(parts: CommandAdmissionParts) {
    this.#parts = parts
    this.#handled = new HandledTypes(parts)
  }

  /** @param pass over the table */
  async admit(rows: readonly StoredPendingCommand[], pass: number): Promise<readonly PendingCommandRow[]> {
    if (pass !== this.#pass) this.#held.clear()
    this.#pass = pass
    const { registry, due, unknownTypeGraceMs = 60_000 } = this.#parts
    const types = new Set(registry.commandTypes)
    const handled = this.#handled
    const known = (type: string): boolean => types.has(type) || handled.isHandled(type)
    const settled: Command[] = []
    const refused: RefusedCommand[] = []
    const admitted = rows.flatMap(({ raw, command: stored, ...row }): readonly PendingCommandRow[] => {
      // A type that this process does not know may be one of a version that is being deployed.
      if (!known(row.type) && Date.now() - row.createdAt.getTime() < unknownTypeGraceMs) {
        if (stored !== undefined) this.#held.add(aggregateText(stored))
        return []
      }
      try {
        const command = stored !== undefined && known(row.type) ? stored : admitCommand(registry, raw, handled.isHandled)
        if (stored === undefined) settled.push(command)
        return this.#held.has(aggregateText(command)) ? [] : [{ ...row, command }]
      } catch (error) {
        refused.push({ tenantId: raw.tenantId, id: raw.id, error: commandFailure(error) })
        return []
      }
    })
    const unfit = new Set((await settleAdmission(due, { admitted: settled, refused })).map(rowText))
    return unfit.size === 0 ? admitted : admitted.filter((row) => !unfit.has(rowText(row)))
  }
}

function rowText({ tenantId, id }: { readonly tenantId: string; readonly id: string }): string {
  return `${tenantId}\0${id.toLowerCase()}`
}
