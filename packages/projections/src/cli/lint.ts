import type { ProjectionDefinition, TableModel } from '@cairn/core'

export interface LintFinding {
  readonly projection: string
  readonly table: string
  readonly rule: 'no-read-access' | 'own-column-nullable' | 'own-column-unindexed' | 'hidden-key'
  readonly message: string
}

/** What is legal to declare and probably not meant. */
export function lintProjections(definitions: readonly ProjectionDefinition[]): readonly LintFinding[] {
  return definitions.flatMap((definition) => [...definition.tables.values()].flatMap((table) => lintTable(definition.name, table)))
}

function lintTable(projection: string, table: TableModel): LintFinding[] {
  const finding = (rule: LintFinding['rule'], message: string): LintFinding => ({ projection, table: table.name, rule, message })
  if (table.readAccess === undefined) return [finding('no-read-access', 'has no readAccess, so the application may read none of its rows')]
  return Object.entries(table.readAccess).flatMap(([role, { rule, hidden }]) => {
    const found = hidden
      .filter((name) => table.key.includes(name))
      .map((name) => finding('hidden-key', `hides "${name}" from ${role}, and it is part of the key`))
    if (rule.rows === 'all') return found
    const own = table.columns.find((column) => column.name === rule.column)
    if (own?.nullable === true)
      found.push(finding('own-column-nullable', `gives ${role} the rows of "${rule.column}", which may be null: such rows are nobody's`))
    if (![table.key, ...table.indexes].some(([first]) => first === rule.column))
      found.push(finding('own-column-unindexed', `gives ${role} the rows of "${rule.column}", and no index begins with it`))
    return found
  })
}
