import type { ClockPort, PendingCommandsPort, PendingPage } from '@cairn/core'
import { toStoredCommand, type CommandRow } from '../command-row.ts'
import { inOrder, timeOf, type CommandRows } from '../commands/rows.ts'

/** The pending commands of an `InMemoryCommandStore`. */
export class InMemoryPendingCommands implements PendingCommandsPort {
  readonly #rows: CommandRows
  readonly #clock: ClockPort

  constructor(rows: CommandRows, clock: ClockPort) {
    this.#rows = rows
    this.#clock = clock
  }

  async pending(limit: number, after?: string): Promise<PendingPage> {
    const now = this.#clock.now().getTime()
    const [time = -Infinity, number = -Infinity] = after === undefined ? [] : after.split('/').map(Number)
    const found = [...this.#rows.values()]
      .filter((row) => row.status === 'pending' && timeOf(row) <= now && (row.retryAt ?? 0) <= now)
      .filter((row) => timeOf(row) > time || (timeOf(row) === time && row.number > number))
      .toSorted(inOrder)
      .slice(0, limit)
    const last = found.at(-1)
    return { commands: found.map(toPending), after: last && `${timeOf(last)}/${last.number}` }
  }
}

function toPending(row: CommandRow): PendingPage['commands'][number] {
  const { id, tenantId, type, attempts, aggregateType, aggregateId } = row
  const { command, createdAt } = toStoredCommand(row)
  const raw = { id, tenantId, type, aggregateType, aggregateId, payload: command.payload, metadata: JSON.parse(row.metadata) as unknown }
  return { id, tenantId, type, status: 'pending', attempts, createdAt, command: row.hash === undefined ? undefined : command, raw }
}
