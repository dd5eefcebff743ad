import { nearest } from '../registry/nearest.ts'
import type { ColumnModel, RoleAccess, TableModel } from './table-model.ts'

/** The rules of `lintReadAccess`. Their names stay, so that a program can filter by them. */
export const readAccessRules = [
  'uncovered-table',
  'empty-access',
  'unknown-role',
  'no-effect',
  'unknown-column',
  'hidden-key',
  'hidden-own-column',
  'nullable-own-column',
  'own-column-type',
  'unindexed-own-column',
] as const
export type ReadAccessRule = (typeof readAccessRules)[number]

/** Something about a table's read access that is allowed, or that types let through, and hardly meant. */
export interface ReadAccessFinding {
  readonly projection: string
  readonly table: string
  /** The role whose entry it is; undefined when it is about the table. */
  readonly role: string | undefined
  readonly rule: ReadAccessRule
  /** A sentence for people. */
  readonly message: string
  /** What to do about it; a sentence. */
  readonly remedy: string
}

export interface LintOptions {
  /** The roles that callers come with; undefined: not known, and no role is called unknown. */
  readonly roles?: readonly string[] | undefined
}

interface Linted {
  readonly name: string
  readonly tables: readonly TableModel[]
}

const remedies: Readonly<Record<ReadAccessRule, string>> = {
  'uncovered-table': 'Say who may read it: readAccess: { staff: allRows }. Where nobody shall, there is no need for the table.',
  'empty-access': 'Name a role, or leave readAccess out.',
  'unknown-role': 'Correct the role.',
  'no-effect': "Leave the rule out, or say for each role, instead of for '*', who reads all.",
  'unknown-column': 'Correct the column.',
  'hidden-key': 'Show the key, or read with another one.',
  'hidden-own-column': 'Show the column: it holds nothing but the user that the reader is.',
  'nullable-own-column': 'Make it a column that is never null, or let others read the rows of nobody.',
  'own-column-type': 'Keep the user in a column of text() or uuid().',
  'unindexed-own-column': 'Add an index that begins with it.',
}

/** Looks through the read access of all tables, in their order. */
export function lintReadAccess(declared: readonly Linted[], options: LintOptions = {}): readonly ReadAccessFinding[] {
  return declared.flatMap(({ name, tables }) => tables.flatMap((table) => lintTable(name, table, options)))
}

function lintTable(projection: string, table: TableModel, options: LintOptions): readonly ReadAccessFinding[] {
  const finding = (role: string | undefined, rule: ReadAccessRule, message: string): ReadAccessFinding => ({
    projection,
    table: table.name,
    role,
    rule,
    message: `${table.name} ${message}.`,
    remedy: remedies[rule],
  })
  const { readAccess } = table
  if (readAccess === undefined) return [finding(undefined, 'uncovered-table', 'has no readAccess: the application reads nothing of it')]
  const entries = Object.entries(readAccess)
  if (entries.length === 0)
    return [finding(undefined, 'empty-access', 'has a readAccess without a role: the application reads nothing of it')]
  return entries.flatMap(([role, access]) => [
    ...lintRole(role, access, readAccess, options).map(([rule, message]) => finding(role, rule, message)),
    ...lintColumns(role, access, table).map(([rule, message]) => finding(role, rule, message)),
  ])
}

type Complaint = readonly [ReadAccessRule, string]

function lintRole(
  role: string,
  { rule }: RoleAccess,
  all: Readonly<Record<string, RoleAccess>>,
  { roles }: LintOptions,
): readonly Complaint[] {
  const complaints: Complaint[] = []
  if (role !== '*' && roles !== undefined && !roles.includes(role)) {
    const meant = nearest(role, roles)
    complaints.push([
      'unknown-role',
      `has a rule for role "${role}", which nobody comes with${meant === undefined ? '' : `; did you mean "${meant}"`}`,
    ])
  }
  if (role !== '*' && rule.rows === 'own' && all['*']?.rule.rows === 'all')
    complaints.push(['no-effect', `limits role "${role}" to its own rows, and '*' lets everybody read all`])
  return complaints
}

function lintColumns(role: string, { rule, hidden }: RoleAccess, table: TableModel): readonly Complaint[] {
  const complaints: Complaint[] = []
  const column = (name: string): ColumnModel | undefined => table.columns.find((candidate) => candidate.name === name)
  for (const name of hidden) {
    if (column(name) === undefined) complaints.push(['unknown-column', `hides "${name}" from role "${role}", and has no such column`])
    else if (table.key.includes(name))
      complaints.push(['hidden-key', `hides "${name}" from role "${role}", and it is part of the key: pages of that role cannot go on`])
  }
  if (rule.rows === 'all') return complaints
  const own = column(rule.column)
  if (own === undefined)
    return [...complaints, ['unknown-column', `gives role "${role}" the rows of "${rule.column}", and has no such column`]]
  if (own.nullable)
    complaints.push(['nullable-own-column', `gives role "${role}" the rows of "${own.name}", which may be null: such rows are nobody's`])
  if (own.kind !== 'text' && own.kind !== 'uuid')
    complaints.push(['own-column-type', `gives role "${role}" the rows of "${own.name}", which is ${own.kind}, and users are text`])
  if (hidden.includes(own.name))
    complaints.push(['hidden-own-column', `gives role "${role}" the rows of "${own.name}" and hides that column from it`])
  if (![table.key, ...table.indexes].some(([first]) => first === own.name))
    complaints.push([
      'unindexed-own-column',
      `gives role "${role}" the rows of "${own.name}", and no index begins with it: each read goes through the tenant`,
    ])
  return complaints
}
