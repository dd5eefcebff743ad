import type { DeclaredProjection, Drift, DriftOptions, PhysicalTable } from '@cairn/core'
import { readStoredAccess } from './apply-read-access.ts'
import { readCatalog, type CatalogRelation } from './catalog.ts'
import { compareTable, type TableDrift } from './compare-table.ts'
import { expectedGrants, isOurGrant } from './expected-grants.ts'
import { readGenerations, type GenerationRow } from './generation-rows.ts'
import type { OwnerSession } from './owner-session.ts'
import { policiesHash, policiesOf } from './read-access-sql.ts'
import { parsePhysicalName, viewColumns } from './table-ddl.ts'

/** A difference, and what it was found on: what a repair needs. */
export interface FoundDrift {
  readonly drift: Drift
  /** The generation's table with the model that the code declares; undefined where there is none. */
  readonly on: { readonly generation: GenerationRow; readonly table: PhysicalTable } | undefined
}

/** Every difference between what the code declares and the database, by projection, table and column. */
export async function findDrift(
  session: OwnerSession,
  declared: readonly DeclaredProjection[],
  { complete = false }: DriftOptions,
): Promise<readonly FoundDrift[]> {
  const catalog = await readCatalog(session)
  const generations = await readGenerations(session)
  const found: FoundDrift[] = []
  for (const projection of declared) {
    const own = generations.filter((row) => row.projection === projection.name)
    const compared = generationFor(own, projection)
    if (compared === undefined) found.push(...neverBuilt(projection, own))
    else found.push(...(await compareGeneration(session, catalog, compared, projection)))
    found.push(...extraTables(projection, own, generations, catalog))
  }
  if (complete) {
    const names = new Set(declared.map(({ name }) => name))
    for (const row of generations.filter(({ projection }) => !names.has(projection)))
      found.push(...(await undeclared(session, catalog, row)))
  }
  return found.toSorted((a, b) => compareText(placeOf(a.drift), placeOf(b.drift)))
}

/** What readers see, where that is of the code's version; else what is built or kept of it. */
function generationFor(rows: readonly GenerationRow[], { version }: DeclaredProjection): GenerationRow | undefined {
  const candidates = rows.filter((row) => row.version === version && row.side_tenant === null && row.state !== 'retired')
  return candidates.find(({ state }) => state === 'live') ?? candidates.at(-1)
}

function neverBuilt({ name, version, tables }: DeclaredProjection, rows: readonly GenerationRow[]): readonly FoundDrift[] {
  const live = rows.find(({ state }) => state === 'live')
  return tables.map((model) => ({
    drift: {
      projection: name,
      table: model.name,
      kind: 'missing-table',
      expected: `version ${version}`,
      actual: live === undefined ? undefined : `version ${live.version}`,
      remedy: 'rebuild',
    },
    on: undefined,
  }))
}

async function compareGeneration(
  session: OwnerSession,
  catalog: ReadonlyMap<string, CatalogRelation>,
  generation: GenerationRow,
  projection: DeclaredProjection,
): Promise<readonly FoundDrift[]> {
  const found: FoundDrift[] = []
  for (const model of projection.tables) {
    const stored = generation.tables.find((table) => table.model.name === model.name)
    if (stored === undefined) {
      found.push({
        drift: {
          projection: projection.name,
          table: model.name,
          kind: 'missing-table',
          expected: model.name,
          actual: undefined,
          remedy: 'rebuild',
        },
        on: undefined,
      })
      continue
    }
    const table = { name: stored.name, model }
    const relation = catalog.get(table.name)
    const compared = compareTable(table, relation)
    const drifts: TableDrift[] = generation.fingerprint === projection.fingerprint ? compared.map(lostColumn) : [...compared]
    if (relation?.kind === 'table')
      drifts.push(...(await compareAccess(session, generation, table)), ...compareGrants(session, generation, table, catalog))
    if (generation.inline !== projection.inline) drifts.push(otherMode(projection))
    if (generation.state === 'live') drifts.push(...compareView(table, catalog.get(model.name)))
    found.push(
      ...settle(drifts).map((drift) => ({
        drift: { projection: projection.name, table: model.name, ...drift },
        on: { generation, table },
      })),
    )
  }
  return found
}

/** The table was made with the column, so what stood in it is gone: only a rebuild brings the values back. */
function lostColumn(drift: TableDrift): TableDrift {
  return drift.kind === 'missing-column' ? { ...drift, remedy: 'rebuild' } : drift
}

function otherMode({ inline }: Pick<DeclaredProjection, 'inline'>): TableDrift {
  const [expected, actual] = inline ? ['inline', 'async'] : ['async', 'inline']
  return { kind: 'mode', expected, actual, remedy: 'rebuild' }
}

/** What rests on a table or a column that only a rebuild brings is for the rebuild, too. */
function settle(drifts: readonly TableDrift[]): readonly TableDrift[] {
  const broken = drifts.filter(
    ({ kind, remedy }) => remedy === 'rebuild' && ['missing-table', 'missing-column', 'column-case'].includes(kind),
  )
  if (broken.length === 0) return drifts
  const columns = new Set(broken.map(({ column }) => column))
  const rests = ({ kind, expected }: TableDrift): boolean =>
    kind === 'missing-view' ||
    kind === 'policy' ||
    (kind === 'missing-index' && expected?.split(', ').some((column) => columns.has(column)) === true)
  return drifts.map((drift) => (rests(drift) ? { ...drift, remedy: 'rebuild' } : drift))
}

async function compareAccess(
  session: OwnerSession,
  { inline }: GenerationRow,
  { name, model }: PhysicalTable,
): Promise<readonly TableDrift[]> {
  const expected = policiesHash(policiesOf(model, inline, session.roles))
  const { codeHash, catalogHash, present } = await readStoredAccess(session, name)
  const edited = codeHash === undefined ? 'never applied' : codeHash !== expected ? 'other rules in the code' : 'changed in the database'
  if (codeHash === expected && catalogHash === present) return []
  return [{ kind: 'policy', expected: `the policies of readAccess (${expected.slice(0, 12)})`, actual: edited, remedy: 'repair' }]
}

function compareGrants(
  { roles }: OwnerSession,
  generation: GenerationRow,
  { name, model }: PhysicalTable,
  catalog: ReadonlyMap<string, CatalogRelation>,
): readonly TableDrift[] {
  const { onTable, onView } = expectedGrants(roles, generation)
  const check = (relation: string, expected: readonly string[]): readonly TableDrift[] => {
    const found = catalog.get(relation)
    if (found === undefined) return []
    const want = expected.toSorted().join(', ')
    const have = found.grants
      .filter((grant) => isOurGrant(roles, grant))
      .toSorted()
      .join(', ')
    return want === have ? [] : [{ kind: 'grants', expected: `${relation}: ${want}`, actual: `${relation}: ${have}`, remedy: 'repair' }]
  }
  return [...check(name, onTable), ...(onView === undefined ? [] : check(model.name, onView))]
}

function compareView(table: PhysicalTable, view: CatalogRelation | undefined): readonly TableDrift[] {
  const expected = describeView(viewColumns(table.model), [table.name], true)
  const actual =
    view === undefined
      ? undefined
      : describeView(
          view.columns.map(({ name }) => name),
          view.shows,
          view.securityInvoker,
        )
  return expected === actual ? [] : [{ kind: 'missing-view', expected, actual, remedy: 'repair' }]
}

/** Columns in any order: readers name them. */
function describeView(columns: readonly string[], shows: readonly string[], securityInvoker: boolean): string {
  return `(${columns.toSorted().join(', ')}) of ${shows.join(', ')}${securityInvoker ? '' : ', with its owner’s rights'}`
}

/** Physical tables of a declared name that no generation has: left by hand, or by a restore. */
function extraTables(
  { name, tables }: DeclaredProjection,
  own: readonly GenerationRow[],
  generations: readonly GenerationRow[],
  catalog: ReadonlyMap<string, CatalogRelation>,
): readonly FoundDrift[] {
  const known = new Set(generations.flatMap((row) => row.tables.map((table) => table.name)))
  const logical = new Set([...tables.map((table) => table.name), ...own.flatMap((row) => row.tables.map(({ model }) => model.name))])
  return [...catalog.values()]
    .filter(
      (relation) => relation.kind === 'table' && !known.has(relation.name) && logical.has(parsePhysicalName(relation.name)?.table ?? ''),
    )
    .map((relation) => ({ drift: extra(name, relation.name), on: undefined }))
}

function extra(projection: string, physical: string): Drift {
  return {
    projection,
    table: parsePhysicalName(physical)?.table ?? physical,
    kind: 'extra-table',
    expected: undefined,
    actual: physical,
    remedy: 'drop',
  }
}

/** Tables of a projection that the code no longer has, which nobody may read. */
async function undeclared(
  session: OwnerSession,
  catalog: ReadonlyMap<string, CatalogRelation>,
  generation: GenerationRow,
): Promise<readonly FoundDrift[]> {
  const found: FoundDrift[] = []
  for (const { name, model } of generation.tables) {
    if (!catalog.has(name)) continue
    const table = { name, model: { ...model, readAccess: undefined } }
    const drifts = [extra(generation.projection, name), ...(await compareAccess(session, generation, table))]
    found.push(
      ...drifts.map((drift) => ({ drift: { projection: generation.projection, table: model.name, ...drift }, on: { generation, table } })),
    )
  }
  return found
}

function placeOf({ projection, table, column, kind }: Drift): string {
  return [projection, table, column ?? '', kind].join('\0')
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
