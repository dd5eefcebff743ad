/** The variable that names the database where 'embedded' gives way to one: the address itself holds a password, and is not shown. */
export function databaseVariable(): string {
  return process.env['DATABASE_URL'] ? 'DATABASE_URL' : 'SUPABASE_DB_URL'
}
