import type { ContractGroup } from './contract-case.ts'
import { logReaderContext, type LogReaderContext, type LogReaderFixture } from './log-reader/context.ts'
import { ends, times } from './log-reader/ends.ts'
import { reading } from './log-reader/reading.ts'
import { registerContract } from './register-contract.ts'

/** Every promise of `LogReaderPort`, as data. */
export const logReaderCases: readonly ContractGroup<LogReaderContext>[] = [reading, ends, times]

/**
 * What every reader of the log must pass. Call it at the top level of a vitest file; `factory` is called once, and nobody else
 * may write to that log.
 */
export function logReaderContract(name: string, factory: () => Promise<LogReaderFixture>): void {
  registerContract(name, logReaderCases, factory, logReaderContext)
}
