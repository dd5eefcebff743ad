import type { Pool } from 'pg'
import { lineAdded } from '../../workload/payload.ts'

export interface BareActivities {
  /** One INSERT; its row's id. */
  insertLine(n: number): Promise<number>
}

export function bareActivities(pool: Pool): BareActivities {
  return {
    async insertLine(n) {
      const { rows } = await pool.query<{ id: number }>({
        name: 'done',
        text: 'insert into done (n, line) values ($1, $2) returning id',
        values: [n, lineAdded(n)],
      })
      const [row] = rows
      if (row === undefined) throw new Error(`Line ${n} was not inserted.`)
      return row.id
    },
  }
}
