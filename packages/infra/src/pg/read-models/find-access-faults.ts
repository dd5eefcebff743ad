import type { AccessFault, AccessOptions, DeclaredProjection, PhysicalTable } from '@cairn/core'
import { ownRelations } from '../schema/own-relations.ts'
import { readAccessCatalog, type RelationAccess } from './access-catalog.ts'
import { comparePolicies, compareSwitches, wantedPolicies, type AccessReport } from './compare-policies.ts'
import { expectedGrants, isOurGrant } from './expected-grants.ts'
import { readGenerations, type GenerationRow } from './generation-rows.ts'
import { ownTableFaults } from './own-table-faults.ts'
import type { OwnerSession } from './owner-session.ts'
import { applyPolicies, policiesOf } from './read-access-sql.ts'
import { parsePhysicalName } from './table-ddl.ts'

/** A fault, and the table that it was found on: what mends it. */
export interface FoundFault {
  readonly fault: AccessFault
  /** With the read access that it should have; undefined where it is on no read model. */
  readonly on: { readonly generation: GenerationRow; readonly table: PhysicalTable } | undefined
}

/** Everything about read access that is in the database otherwise than in the code. */
export async function findAccessFaults(
  session: OwnerSession,
  declared: readonly DeclaredProjection[],
  { complete = false, whole = false }: AccessOptions,
): Promise<readonly FoundFault[]> {
  const catalog = await readAccessCatalog(session)
  const generations = await readGenerations(session)
  const found: FoundFault[] = []
  for (const generation of generations) {
    const projection = declared.find(({ name }) => name === generation.projection)
    if (projection === undefined && !complete) continue
    for (const stored of generation.tables) {
      const relation = catalog.get(stored.name)
      if (relation?.kind !== 'table') continue
      const table = { name: stored.name, model: { ...stored.model, readAccess: readAccessOf(projection, generation, stored) } }
      const about = (name: string, reports: readonly AccessReport[]): readonly FoundFault[] =>
        reports.map((report) => ({
          fault: { projection: generation.projection, relation: name, fixable: true, ...report },
          on: { generation, table },
        }))
      found.push(...about(table.name, await tableFaults(session, { generation, table, relation, declared: projection !== undefined })))
      const view = generation.state === 'live' ? catalog.get(table.model.name) : undefined
      if (view?.kind === 'view') found.push(...about(view.name, viewFaults(session, generation, view)))
    }
  }
  if (whole) found.push(...(await ownTableFaults(session, catalog)), ...unownedRelations(catalog, generations))
  return found
}

/** What the code says of a generation of its version; of another version, what the code that made it said. */
function readAccessOf(
  projection: DeclaredProjection | undefined,
  { version }: GenerationRow,
  { model }: PhysicalTable,
): PhysicalTable['model']['readAccess'] {
  if (projection === undefined) return undefined
  if (projection.version !== version) return model.readAccess
  return projection.tables.find(({ name }) => name === model.name)?.readAccess
}

interface Looked {
  readonly generation: GenerationRow
  readonly table: PhysicalTable
  readonly relation: RelationAccess
  readonly declared: boolean
}

async function tableFaults(session: OwnerSession, looked: Looked): Promise<readonly AccessReport[]> {
  const { roles } = session
  const { generation, relation } = looked
  if (relation.owner !== roles.owner) return [otherOwner(relation, roles.owner)]
  return [
    ...compareSwitches(relation),
    ...(await policyFaults(session, looked)),
    ...grantFaults(session, relation, expectedGrants(roles, generation).onTable),
  ]
}

function viewFaults(session: OwnerSession, generation: GenerationRow, view: RelationAccess): readonly AccessReport[] {
  if (view.owner !== session.roles.owner) return [otherOwner(view, session.roles.owner)]
  const rights: readonly AccessReport[] = view.securityInvoker
    ? []
    : [
        {
          rule: 'view-rights',
          message: `The view ${view.name} runs with its owner's rights, so policies do not count: who may read it sees every tenant.`,
          remedy: 'It has to run with its reader’s rights (security_invoker).',
        },
      ]
  return [...rights, ...grantFaults(session, view, expectedGrants(session.roles, generation).onView ?? [])]
}

function otherOwner({ name, kind, owner }: RelationAccess, wanted: string): AccessReport {
  return {
    rule: 'other-owner',
    message: `The ${kind} ${name} belongs to ${owner}, whom its policies do not bind, and not to ${wanted}.`,
    remedy: `Run as a superuser: alter ${kind} ${name} owner to ${wanted};`,
    fixable: false,
  }
}

async function policyFaults(session: OwnerSession, { generation, table, relation, declared }: Looked): Promise<readonly AccessReport[]> {
  const { name } = relation
  const wanted = await wantedPolicies(session, name, (twin) =>
    applyPolicies(twin, [], policiesOf(table.model, generation.inline, session.roles)),
  )
  if (wanted === undefined) {
    return [
      {
        rule: 'missing-policy',
        message: `The policies of ${name} cannot be as the code has them: the table lacks a column that they compare.`,
        remedy: `Rebuild it: rebuild-projections ${generation.projection}`,
        fixable: false,
      },
    ]
  }
  if (declared) return comparePolicies(name, relation.policies, wanted)
  return comparePolicies(name, relation.policies, wanted, (policy) => ({
    rule: 'undeclared-projection',
    message: `The code has no projection ${generation.projection}, and the policy ${policy.name} still lets its table ${name} be read.`,
    remedy: 'The policy has to go; drop the table by hand when nobody needs it.',
  }))
}

function grantFaults({ roles }: OwnerSession, { name, grants }: RelationAccess, expected: readonly string[]): readonly AccessReport[] {
  const reports: AccessReport[] = []
  for (const grant of expected) {
    if (grants.includes(grant)) continue
    reports.push({
      rule: 'missing-grant',
      message: `${name} lacks the grant "${grant}".`,
      remedy: 'It has to be granted.',
    })
  }
  for (const grant of grants) {
    if (expected.includes(grant)) continue
    const [grantee = ''] = grant.split(': ')
    reports.push(
      isOurGrant(roles, grant)
        ? {
            rule: 'extra-grant',
            message: `${name} has the grant "${grant}", which the code does not give.`,
            remedy: 'It has to be revoked.',
          }
        : {
            rule: 'foreign-grant',
            message: `${name} has the grant "${grant}", to a role that is none of Cairn's; it ends with the next rebuild.`,
            remedy: `Take it back where it is not meant: revoke all on ${name} from ${grantee};`,
            fixable: false,
          },
    )
  }
  return reports
}

/** What is in the schema, and neither Cairn's own nor a read model: no policy of the code guards it. */
function unownedRelations(catalog: ReadonlyMap<string, RelationAccess>, generations: readonly GenerationRow[]): readonly FoundFault[] {
  const own = ownRelations()
  const tables = new Set(generations.flatMap((row) => row.tables.map(({ name }) => name)))
  const views = new Set(generations.filter(({ state }) => state === 'live').flatMap((row) => row.tables.map(({ model }) => model.name)))
  return [...catalog.values()]
    .filter(({ name, kind }) => !own.has(name) && !tables.has(name) && !(kind === 'view' && views.has(name)))
    .map(({ name, kind, grants, rowSecurity }) => {
      const readers = [...new Set(grants.map((grant) => grant.split(': ')[0]))]
      const open = readers.length === 0 ? 'only its owner may use it' : `it is open to ${readers.join(', ')}`
      const guarded = kind === 'table' && !rowSecurity && readers.length > 0 ? ', without row-level security' : ''
      const leftOver = parsePhysicalName(name) !== undefined
      return {
        fault: {
          rule: 'unowned-table',
          projection: undefined,
          relation: name,
          message: `${name} is in the schema and belongs to no projection; ${open}${guarded}.`,
          remedy: leftOver
            ? 'It looks like what is left of a build: drop it by hand when nobody needs it.'
            : 'Drop it, or move it into a schema of your own: each migration takes all grants in this one back.',
          fixable: false,
        },
        on: undefined,
      }
    })
}
