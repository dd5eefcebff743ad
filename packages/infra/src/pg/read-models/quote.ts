/** Names and values as SQL text, for statements whose tables are known only at run time and for DDL, which takes no parameters. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function identifiers(names: readonly string[]): string {
  return names.map(identifier).join(', ')
}

/** Read alike whatever standard_conforming_strings says. */
export function literal(value: string): string {
  return value.includes('\\') ? ` E'${value.replaceAll('\\', String.raw`\\`).replaceAll("'", "''")}'` : `'${value.replaceAll("'", "''")}'`
}
