import { InvalidInputError } from '@cairn/core'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'

export interface AdminClientOptions {
  /** @default SUPABASE_URL from the environment */
  readonly url?: string | undefined
  /** @default SUPABASE_SERVICE_ROLE_KEY from the environment */
  readonly serviceRoleKey?: string | undefined
  /** Between two heartbeats of the realtime connection, milliseconds. @default the client's own, 25_000 */
  readonly heartbeatMs?: number | undefined
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

/**
 * A client of its own with the service role's key, and nothing but that: it keeps no session, takes none up, and refreshes none, so
 * a user who signs in elsewhere in the process never becomes its user. Close it with `client.realtime.disconnect()`.
 * @throws InvalidInputError naming the variable that is missing
 */
export function supabaseAdmin({ env = process.env, ...options }: AdminClientOptions = {}): SupabaseClient {
  const url = options.url ?? named(env, 'SUPABASE_URL')
  const key = options.serviceRoleKey ?? named(env, 'SUPABASE_SERVICE_ROLE_KEY')
  return createClient(url, key, {
    // A storage key of its own, too: clients of one address would share what is stored under it.
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false, storageKey: 'cairn-service-role' },
    ...(options.heartbeatMs === undefined ? {} : { realtime: { heartbeatIntervalMs: options.heartbeatMs } }),
  })
}

function named(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new InvalidInputError(name, `${name} is not set. A Supabase client of the service role takes it from the environment.`)
}
