import type { RowValues } from '../ports/row-store.port.ts'
import type { RoleAccess, TableModel } from './table-model.ts'

/** What somebody may read of a table within the tenant. */
export interface ReadScope {
  /** Every row. */
  readonly all: boolean
  /** Else rows in which one of these columns is the user. */
  readonly own: readonly string[]
  /** Columns that are left out. */
  readonly hidden: ReadonlySet<string>
}

/**
 * The scope of a role: its own rules and those of '*' together, hidden columns by its own entry, or by that of '*' where it
 * has none. Undefined: no rule is for it, and it may read nothing. The policies of the database say the same of rows.
 */
export function readScope({ readAccess }: Pick<TableModel, 'readAccess'>, role: string | undefined): ReadScope | undefined {
  if (readAccess === undefined) return undefined
  const named = role === undefined || role === '' || role === '*' || !Object.hasOwn(readAccess, role) ? undefined : readAccess[role]
  const everybody = Object.hasOwn(readAccess, '*') ? readAccess['*'] : undefined
  const rules = [named, everybody].filter((access): access is RoleAccess => access !== undefined)
  const [decisive] = rules
  if (decisive === undefined) return undefined
  return {
    all: rules.some(({ rule }) => rule.rows === 'all'),
    own: rules.flatMap(({ rule }) => (rule.rows === 'own' ? [rule.column] : [])),
    hidden: new Set(decisive.hidden),
  }
}

/** Whether a row of the reader's tenant is within a scope. */
export function isReadable(scope: ReadScope | undefined, userId: string | undefined, row: RowValues): boolean {
  if (scope === undefined) return false
  return scope.all || (userId !== undefined && userId !== '' && scope.own.some((column) => row[column] === userId))
}

/** A row without the columns that are hidden from a scope. */
export function redact({ hidden }: ReadScope, row: RowValues): RowValues {
  return hidden.size === 0 ? row : Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.has(name)))
}
