import type { RoleAccess } from '../table-model.ts'

/** What a role may read of a table's rows, within its tenant. */
export interface ReadRule<C extends string = string> extends RoleAccess {
  /** A type only: the columns it names. */
  readonly $columns: C
  /** Leaves columns out of what the read API gives to this role. */
  hide<const H extends string>(...columns: readonly H[]): ReadRule<C | H>
}

/** Every row of the tenant. */
export const allRows: ReadRule<never> = readRule({ rule: { rows: 'all' }, hidden: [] })

/** Rows whose column holds the user of the request: `ownRows('customer')`. */
export function ownRows<const C extends string>(column: C): ReadRule<C> {
  return readRule({ rule: { rows: 'own', column }, hidden: [] })
}

function readRule<C extends string>(access: RoleAccess): ReadRule<C> {
  const made: unknown = Object.freeze({
    ...access,
    hide: (...columns: readonly string[]) => readRule({ ...access, hidden: [...access.hidden, ...columns] }),
  })
  return made as ReadRule<C>
}
