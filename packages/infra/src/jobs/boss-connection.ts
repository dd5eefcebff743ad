import type { Db } from 'pg-boss'
import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { sql } from '../pg/connection/sql.ts'
import { rawTemplate } from '../pg/transaction/raw-template.ts'

const Row = z.unknown()

/** A connection of ours as pg-boss uses one for a single call: its statements then are part of our transaction. */
export function bossConnection(connection: Pick<CommonQueryMethods, 'any'>): Db {
  return {
    async executeSql(text, values = []) {
      const token = sql.type(Row)(rawTemplate([text]))
      return { rows: [...(await connection.any({ ...token, values: values.map(asPrimitive) }))] }
    },
  }
}

function asPrimitive(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  throw new TypeError(`pg-boss sent a parameter of type ${typeof value}, which its inserts have none of.`)
}
