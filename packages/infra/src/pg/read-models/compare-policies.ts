import type { AccessFault } from '@cairn/core'
import { sqlStateOf } from '../connection/sql-state.ts'
import { readPolicies, type RelationAccess, type StoredPolicy } from './access-catalog.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier } from './quote.ts'

/** Of a moment: no other transaction ever sees it. */
const twin = 'cairn_lint_twin'

/**
 * The policies that the code wants of a table, as PostgreSQL writes them: made by these statements on an empty table of the same
 * columns, which is gone again when this returns. Undefined where the table lacks a column that they name.
 */
export async function wantedPolicies(
  session: OwnerSession,
  table: string,
  make: (on: string) => readonly string[],
): Promise<readonly StoredPolicy[] | undefined> {
  try {
    return await session.transaction(async () => {
      await session.query(`create table ${identifier(twin)} (like ${identifier(table)})`)
      await session.run(make(twin))
      const found = await readPolicies(session, identifier(twin))
      await session.query(`drop table ${identifier(twin)}`)
      return found
    })
  } catch (error) {
    // No such column, or one of a type that does not compare.
    if (['42703', '42883'].includes(sqlStateOf(error) ?? '')) return undefined
    throw error
  }
}

/** A policy in words: what it is, without its name. */
export function describePolicy({ command, permissive, roles, using, check }: StoredPolicy): string {
  return [
    `${permissive ? '' : 'restrictive, '}for ${command} to ${roles.join(', ')}`,
    using === null ? '' : `using ${using}`,
    check === null ? '' : `with check ${check}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** A fault without what it was found on. */
export type AccessReport = Omit<AccessFault, 'projection' | 'relation' | 'fixable'> & { readonly fixable?: boolean }

/** Policies that are missing, other than wanted, or too many. */
export function comparePolicies(
  name: string,
  present: readonly StoredPolicy[],
  wanted: readonly StoredPolicy[],
  tooMany: (policy: StoredPolicy) => AccessReport = (policy) => ({
    rule: 'extra-policy',
    message: `${name} has a policy ${policy.name} that the code does not have: ${describePolicy(policy)}.`,
    remedy: 'It has to go, or its rule belongs into readAccess.',
  }),
): readonly AccessReport[] {
  const reports: AccessReport[] = []
  for (const policy of wanted) {
    const found = present.find((candidate) => candidate.name === policy.name)
    if (found === undefined) {
      reports.push({
        rule: 'missing-policy',
        message: `${name} lacks the policy ${policy.name}, which the code has: those whom it lets in are kept out.`,
        remedy: `It has to be there: ${describePolicy(policy)}.`,
      })
    } else if (describePolicy(found) !== describePolicy(policy)) {
      reports.push({
        rule: 'changed-policy',
        message: `The policy ${policy.name} of ${name} is not the code's; in the database it is ${describePolicy(found)}.`,
        remedy: `It has to be: ${describePolicy(policy)}.`,
      })
    }
  }
  return [...reports, ...present.filter((policy) => !wanted.some(({ name: known }) => known === policy.name)).map(tooMany)]
}

/** Row-level security is enabled, and not forced on the owner. */
export function compareSwitches({ name, rowSecurity, forced }: RelationAccess): readonly AccessReport[] {
  const off: AccessReport = {
    rule: 'row-security-off',
    message: `Row-level security of ${name} is switched off: who may read the table sees every tenant.`,
    remedy: 'It has to be switched on again.',
  }
  const force: AccessReport = {
    rule: 'row-security-forced',
    message: `Row-level security of ${name} is forced on its owner, as whom Cairn's functions and comparisons run: they see too few rows.`,
    remedy: 'It has to be as Cairn makes it: enabled, and not forced.',
  }
  return [...(rowSecurity ? [] : [off]), ...(forced ? [force] : [])]
}
