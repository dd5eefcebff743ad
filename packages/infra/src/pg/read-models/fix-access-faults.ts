import type { AccessFault, AccessOptions, AccessRule, DeclaredProjection } from '@cairn/core'
import { applyReadAccess, storeModel } from './apply-read-access.ts'
import { findAccessFaults, type FoundFault } from './find-access-faults.ts'
import { lockProjection } from './generation-rows.ts'
import { fixOwnTable } from './own-table-faults.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier } from './quote.ts'
import { withViewLocks } from './switch-with-retries.ts'

const ofPolicies: ReadonlySet<AccessRule> = new Set<AccessRule>([
  'row-security-off',
  'row-security-forced',
  'missing-policy',
  'extra-policy',
  'changed-policy',
  'undeclared-projection',
])

/** Mends what can be mended without a rebuild, table by table, each in one transaction. Answers what it mended. */
export async function fixAccessFaults(
  session: OwnerSession,
  declared: readonly DeclaredProjection[],
  options: AccessOptions,
): Promise<readonly AccessFault[]> {
  const fixable = (await findAccessFaults(session, declared, options)).filter(({ fault }) => fault.fixable)
  const byTable = Map.groupBy(fixable, ({ on }) => on?.table.name)
  for (const faults of byTable.values()) await fixTable(session, faults)
  const own = new Set(fixable.filter(({ on }) => on === undefined).map(({ fault }) => fault.relation))
  for (const table of own) await fixOwnTable(session, table)
  return fixable.map(({ fault }) => fault)
}

async function fixTable(session: OwnerSession, faults: readonly FoundFault[]): Promise<void> {
  const [first] = faults
  if (first?.on === undefined) return
  const { generation, table } = first.on
  await withViewLocks(session, generation.projection, [table.name, table.model.name], {}, async () => {
    const rows = await lockProjection(session, generation.projection)
    // Dropped or switched meanwhile: what was found is no longer so.
    const present = rows.find((row) => row.generation === generation.generation)
    if (present?.state !== generation.state) return
    if (faults.some(({ fault }) => ofPolicies.has(fault.rule))) {
      await applyReadAccess(session, generation, table)
      await storeModel(session, generation, table)
    }
    if (faults.some(({ fault }) => fault.rule === 'view-rights'))
      await session.run([`alter view ${identifier(table.model.name)} set (security_invoker = true)`])
    await session.query('select grant_read_models($1)', [generation.projection])
  })
}
