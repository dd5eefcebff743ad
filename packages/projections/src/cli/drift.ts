import type { DriftOptions, ProjectionDefinition } from '@cairn/core'
import type { ProjectionHost } from '../rebuild/host.ts'
import { declared } from './declared.ts'
import { describeDrift } from './describe-drift.ts'
import { exitCodes } from './exit-codes.ts'
import { wrap } from './format.ts'
import type { Screen } from './screen.ts'

/** `--drift`: what differs. */
export async function showDrift(
  host: ProjectionHost,
  chosen: readonly ProjectionDefinition[],
  options: DriftOptions,
  json: boolean,
  screen: Screen,
): Promise<number> {
  const drift = await host.store.drift(declared(chosen), options)
  const exitCode = drift.length === 0 ? exitCodes.ok : exitCodes.failed
  if (json) screen.json({ type: 'drift', exitCode, drift })
  else if (drift.length === 0) screen.print('The database has what the code declares.')
  else screen.print(drift.map((one) => describeDrift(one, screen.width)).join('\n'))
  return exitCode
}

/** `--repair`: puts right what can be put right in place, and says what is left. */
export async function repair(
  host: ProjectionHost,
  chosen: readonly ProjectionDefinition[],
  options: DriftOptions,
  json: boolean,
  screen: Screen,
): Promise<number> {
  const repaired = await host.store.repair(declared(chosen), options)
  const left = await host.store.drift(declared(chosen), options)
  const exitCode = left.length === 0 ? exitCodes.ok : exitCodes.failed
  if (json) {
    screen.json({ type: 'repair', exitCode, repaired, left })
    return exitCode
  }
  screen.print(repaired.length === 0 ? 'Nothing was repaired.' : `Repaired (${repaired.length}):`)
  for (const one of repaired)
    screen.print(
      wrap(`${one.table}${one.column === undefined ? '' : `.${one.column}`}: ${one.kind.replaceAll('-', ' ')}`, screen.width, '  '),
    )
  if (left.length > 0) screen.print(`Left:\n${left.map((one) => describeDrift(one, screen.width)).join('\n')}`)
  return exitCode
}
