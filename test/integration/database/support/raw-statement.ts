import { sql } from '@cairn/infra/pg'
import type { QuerySqlToken } from 'slonik'

/** A statement whose text is only known when the test runs. slonik takes templates alone, so one is made and its text replaced. */
export function rawStatement(text: string): QuerySqlToken {
  return { ...sql.unsafe`select`, sql: text }
}
