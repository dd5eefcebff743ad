import type { PumpSourcePort } from './pump-source.port.ts'

export interface PumpSourcesParts {
  /** The schema of Cairn's tables. */
  readonly schema: string
  readonly log: PumpSourcePort
  readonly commands: PumpSourcePort
  /** Every other table. */
  readonly changes: PumpSourcePort
}

/** Finds a pump's source by its table. */
export function pumpSources({ schema, log, commands, changes }: PumpSourcesParts): PumpSourcePort {
  return {
    open(pump) {
      const { table, schema: named } = pump.eventSpec
      if (named === schema && table === 'events') return log.open(pump)
      if (named === schema && table === 'commands') return commands.open(pump)
      return changes.open(pump)
    },
  }
}
