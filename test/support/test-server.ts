import type { PostgresKind } from '@cairn/testing/services'
import { inject } from 'vitest'
import type { TestLogins } from './test-logins.ts'

/** What the global set-up hands to the test files. */
export interface CairnTestServer {
  /** Superuser, database `postgres`. */
  readonly url: string
  /** The same through PgBouncer, when CAIRN_TEST_PGBOUNCER=1 asks for that. */
  readonly pooledUrl: string | undefined
  readonly kind: PostgresKind
  readonly version: string
  /** The migrated database to copy. */
  readonly template: string
  /** The schema that Cairn's tables are in: `cairn`, or CAIRN_TEST_SCHEMA. */
  readonly schema: string
  /** The key that signs tenant contexts; the same in all copies of the template. */
  readonly contextKey: string
  readonly logins: TestLogins
}

declare module 'vitest' {
  interface ProvidedContext {
    cairnTestServer: CairnTestServer
  }
}

export function testServer(): CairnTestServer {
  return inject('cairnTestServer')
}
