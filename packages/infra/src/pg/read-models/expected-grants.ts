import type { SchemaRoles } from '../schema/schema-name.ts'
import type { GenerationRow } from './generation-rows.ts'

const everything = ['select', 'insert', 'update', 'delete']

/** The grants that grant_read_models gives, as the catalog of relations spells them: 'cairn_app: select'. */
interface ExpectedGrants {
  readonly onTable: readonly string[]
  /** Undefined where the generation has no views. */
  readonly onView: readonly string[] | undefined
}

export function expectedGrants(roles: SchemaRoles, { state, inline }: Pick<GenerationRow, 'state' | 'inline'>): ExpectedGrants {
  const live = state === 'live'
  return {
    onTable: [
      ...everything.map((verb) => `${roles.worker}: ${verb}`),
      ...(live ? (inline ? everything : ['select']) : []).map((verb) => `${roles.app}: ${verb}`),
    ],
    onView: live ? [`${roles.app}: select`, `${roles.worker}: select`] : undefined,
  }
}

/** Whether a grant is to one of the schema's roles or to everybody: these are ours to give and to take. */
export function isOurGrant(roles: SchemaRoles, grant: string): boolean {
  return [roles.app, roles.worker, roles.maintenance, 'public'].some((role) => grant.startsWith(`${role}: `))
}
