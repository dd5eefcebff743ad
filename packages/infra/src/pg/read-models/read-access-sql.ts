import { createHash } from 'node:crypto'
import type { TableModel } from '@cairn/core'
import { inlineRole } from '../connection/context-signer.ts'
import type { SchemaRoles } from '../schema/schema-name.ts'
import { tenantColumn } from './hidden-columns.ts'
import { identifier, literal } from './quote.ts'

/** A policy as CREATE POLICY takes it. */
export interface RowPolicy {
  readonly name: string
  readonly command: 'select' | 'all'
  readonly role: string
  readonly using: string
  readonly check: string | undefined
}

const ofContext = `${tenantColumn} = any ((select tenants())::text[])`
// In scalar subselects: each verifies the signature, and so does it once per statement and not once per row.
const role = '(select context_role())'
const user = '(select context_user())'

/**
 * The policies of a physical table. The worker's rows are all rows. The application reads within its context's tenants what
 * the rules of its role and of '*' allow; without rules there is no policy for it, and what has no policy is denied.
 */
export function policiesOf(model: TableModel, inline: boolean, roles: SchemaRoles): readonly RowPolicy[] {
  const rule = readRule(model)
  return [
    { name: 'worker_feeds', command: 'all', role: roles.worker, using: 'true', check: 'true' },
    ...(rule === undefined
      ? []
      : [{ name: 'app_reads', command: 'select' as const, role: roles.app, using: `${ofContext}${rule}`, check: undefined }]),
    ...(inline ? [inlinePolicy(roles)] : []),
  ]
}

function inlinePolicy(roles: SchemaRoles): RowPolicy {
  const condition = `${ofContext} and ${role} = ${literal(inlineRole)}`
  return { name: 'app_writes_inline', command: 'all', role: roles.app, using: condition, check: condition }
}

/** What comes behind the tenant's condition; undefined where nobody may read. */
function readRule({ columns, readAccess }: TableModel): string | undefined {
  const rules = Object.entries(readAccess ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (rules.some(([name, { rule }]) => name === '*' && rule.rows === 'all')) return ''
  const isOwn = (column: string): string => {
    const kind = columns.find((candidate) => candidate.name === column)?.kind
    return `${identifier(column)}${kind === 'text' ? '' : '::text'} = ${user}`
  }
  const everything = rules.filter(([, { rule }]) => rule.rows === 'all').map(([name]) => name)
  const alternatives = everything.length === 0 ? [] : [hasRole(everything)]
  for (const [name, { rule }] of rules) {
    if (rule.rows !== 'own') continue
    alternatives.push(name === '*' ? isOwn(rule.column) : `${hasRole([name])} and ${isOwn(rule.column)}`)
  }
  return alternatives.length === 0 ? undefined : ` and (${alternatives.map((text) => `(${text})`).join(' or ')})`
}

function hasRole(names: readonly string[]): string {
  const [only] = names
  if (names.length === 1 && only !== undefined) return `${role} = ${literal(only)}`
  return `${role} = any (array[${names.map(literal).join(', ')}])`
}

/** Of what the code says about a table's policies. */
export function policiesHash(policies: readonly RowPolicy[]): string {
  return createHash('sha256').update(JSON.stringify(policies)).digest('hex')
}

/** Statements that leave the table with these policies and no others. */
export function applyPolicies(table: string, present: readonly string[], policies: readonly RowPolicy[]): readonly string[] {
  return [
    // Not forced: the owner compares rows and replaces a tenant's, and would see none.
    `alter table ${identifier(table)} enable row level security, no force row level security`,
    ...present.map((name) => `drop policy ${identifier(name)} on ${identifier(table)}`),
    ...policies.map(
      ({ name, command, role: to, using, check }) =>
        `create policy ${identifier(name)} on ${identifier(table)} for ${command} to ${identifier(to)} using (${using})` +
        (check === undefined ? '' : ` with check (${check})`),
    ),
  ]
}
