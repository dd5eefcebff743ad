import { InvalidInputError, nearest } from '@cairn/core'
import type { SchedulerOption, SchedulerSetup } from './scheduler-setup.ts'

const names = ['postgres', 'in-process'] as const

/** Checks the option and fills in its default. @throws InvalidInputError */
export function schedulerOf(value: SchedulerOption | undefined, database: string): SchedulerOption {
  if (value === undefined) return database === 'memory' ? 'in-process' : 'postgres'
  if (value === 'in-process') return value
  if (value !== 'postgres' && !isSetup(value)) throw refuse(value)
  if (database !== 'memory') return value
  const named = value === 'postgres' ? "'postgres'" : value.kind
  throw new InvalidInputError('scheduler', `scheduler ${named} needs a database. In memory there is 'in-process' alone, the default.`)
}

function isSetup(value: unknown): value is SchedulerSetup {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'start') === 'function'
}

function refuse(value: unknown): InvalidInputError {
  const near = typeof value === 'string' ? nearest(value, names) : undefined
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`
  return new InvalidInputError('scheduler', `scheduler must be 'postgres', 'in-process', temporal({ … }) or another that is set up.${hint}`)
}
