import { sqlStateOf } from '../connection/sql-state.ts'
import { readPolicies, type StoredPolicy } from './access-catalog.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier } from './quote.ts'
import { applyPolicies, type RowPolicy } from './read-access-sql.ts'

/** Of a moment: no other transaction ever sees it. */
const twin = 'cairn_lint_twin'

/**
 * The policies that the code wants of a table, as PostgreSQL writes them: made on an empty table of the same columns, which is
 * gone again when this returns. Undefined where the table lacks a column that they name.
 */
export async function wantedPolicies(
  session: OwnerSession,
  table: string,
  policies: readonly RowPolicy[],
): Promise<readonly StoredPolicy[] | undefined> {
  try {
    return await session.transaction(async () => {
      await session.query(`create table ${identifier(twin)} (like ${identifier(table)})`)
      await session.run(applyPolicies(twin, [], policies))
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
