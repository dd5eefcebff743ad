import { sql } from '@cairn/infra/pg'
import type { CommonQueryMethods, DatabasePool } from 'slonik'
import { z } from 'zod'

const State = z.object({
  pid: z.int(),
  user: z.string(),
  settings: z.array(z.string()),
  context: z.string(),
  temporary: z.array(z.string()),
  advisoryLocks: z.int(),
  channels: z.array(z.string()),
  cursors: z.array(z.string()),
  prepared: z.array(z.string()),
})

/** What one session remembers beyond its transactions. */
export type SessionState = z.infer<typeof State>

/** The state of a session that remembers nothing; `pid`, `user` and `prepared` aside. */
export const clean = { settings: [], context: '', temporary: [], advisoryLocks: 0, channels: [], cursors: [] }

/** Looks at the session it is sent on. */
export function sessionState(connection: Pick<CommonQueryMethods, 'one'>): Promise<SessionState> {
  return connection.one(sql.type(State)`
    select pg_backend_pid() as pid, current_user::text as user,
           array(select name || '=' || setting from pg_settings where source = 'session' order by name) as settings,
           -- Settings with names of our own are not in pg_settings. What was local to a transaction leaves an empty text.
           concat(current_setting('cairn.context', true), current_setting('cairn.signature', true), current_setting('cairn.horizon', true)) as context,
           array(select relname::text from pg_class where relnamespace = pg_my_temp_schema()
                  union all select proname::text from pg_proc where pronamespace = pg_my_temp_schema() order by 1) as temporary,
           (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as "advisoryLocks",
           array(select pg_listening_channels()) as channels,
           array(select name from pg_cursors where is_holdable) as cursors,
           array(select name from pg_prepared_statements order by name) as prepared`)
}

/** The state of each of a pool's connections: all are taken at once, so that each is asked. */
export async function statesOf(pool: DatabasePool, size: number): Promise<readonly SessionState[]> {
  const all = Promise.withResolvers<void>()
  let taken = 0
  return Promise.all(
    Array.from({ length: size }, () =>
      pool.connect(async (connection) => {
        const state = await sessionState(connection)
        taken += 1
        if (taken === size) all.resolve()
        await all.promise
        return state
      }),
    ),
  )
}
