import { createSqlTag, type SqlTag } from 'slonik'

/** The one tag that all of Cairn's SQL is written with. */
export const sql: SqlTag<Record<never, never>> = createSqlTag()
