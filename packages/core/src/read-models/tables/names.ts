import { DefinitionError } from '../../errors/domain.ts'

/** `<table>__v<version>_g<generation>` must fit in the 63 bytes of a PostgreSQL name. */
export const maxRowNameLength = 40

const pattern = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/
/** Each physical table has the first three; PostgreSQL itself keeps most of the others, JavaScript objects the last. */
const reserved: ReadonlySet<string> = new Set([
  'tenant_id',
  'last_position',
  'partition',
  'ctid',
  'xmin',
  'xmax',
  'cmin',
  'cmax',
  'tableoid',
  'constructor',
])

/** @throws DefinitionError unless it is 'order_summary', of at most 40 characters */
export function checkTableName(projection: string, name: string): void {
  if (pattern.test(name) && name.length <= maxRowNameLength) return
  throw new DefinitionError(`"${name}" cannot name a table of projection ${projection}: ${rule}.`, { projection, table: name })
}

/** @throws DefinitionError unless it is 'customer_id', of at most 40 characters, and not one of the columns that every table has */
export function checkColumnName(table: string, name: string): void {
  if (reserved.has(name)) {
    throw new DefinitionError(`"${name}" cannot name a column of ${table}: that name is reserved. Choose another.`, { table, column: name })
  }
  if (pattern.test(name) && name.length <= maxRowNameLength) return
  throw new DefinitionError(`"${name}" cannot name a column of ${table}: ${rule}.`, { table, column: name })
}

const rule = `use lower-case words joined by underscores ('order_summary'), at most ${maxRowNameLength} characters`
