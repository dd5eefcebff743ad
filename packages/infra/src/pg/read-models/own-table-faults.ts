import type { AccessFault } from '@cairn/core'
import { ownPolicies, type OwnPolicy } from '../schema/own-policies.ts'
import type { RelationAccess } from './access-catalog.ts'
import { comparePolicies, compareSwitches, describePolicy, wantedPolicies } from './compare-policies.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier } from './quote.ts'
import { withViewLocks } from './switch-with-retries.ts'

interface OwnTableFault {
  readonly fault: AccessFault
  readonly on: undefined
}

/** The same for the tables of the log and of what runs on it: their policies come from files, and are no less for being ours. */
export async function ownTableFaults(
  session: OwnerSession,
  catalog: ReadonlyMap<string, RelationAccess>,
): Promise<readonly OwnTableFault[]> {
  const found: OwnTableFault[] = []
  for (const [table, policies] of byTable(session)) {
    const relation = catalog.get(table)
    if (relation?.kind !== 'table') continue
    const wanted = (await wantedPolicies(session, table, (twin) => policies.map(({ create }) => create(twin)))) ?? []
    const policyReports = comparePolicies(table, relation.policies, wanted, (policy) => ({
      rule: 'extra-policy',
      message: `${table}, a table of Cairn's own, has a policy ${policy.name} that no file of Cairn's makes: ${describePolicy(policy)}.`,
      remedy: 'It has to go.',
    }))
    for (const report of [...compareSwitches(relation), ...policyReports])
      found.push({ fault: { projection: undefined, relation: table, fixable: true, ...report }, on: undefined })
  }
  return found
}

/** Leaves one of Cairn's own tables with the policies of its files and no others. */
export async function fixOwnTable(session: OwnerSession, table: string): Promise<void> {
  const policies = byTable(session).get(table) ?? []
  await withViewLocks(session, table, [table], {}, async () => {
    const present = await session.query<{ name: string }>('select polname as name from pg_policy where polrelid = $1::regclass', [
      identifier(table),
    ])
    await session.run([
      `alter table ${identifier(table)} enable row level security, no force row level security`,
      ...present.map(({ name }) => `drop policy ${identifier(name)} on ${identifier(table)}`),
      ...policies.map(({ create }) => create(identifier(table))),
    ])
  })
}

function byTable({ schema }: OwnerSession): ReadonlyMap<string, readonly OwnPolicy[]> {
  return Map.groupBy(ownPolicies(schema), ({ table }) => table)
}
