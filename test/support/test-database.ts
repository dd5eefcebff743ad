import { createDatabase } from '@cairn/testing/services'
import { afterAll } from 'vitest'
import { testServer } from './test-server.ts'

export interface TestFileDatabase {
  /** Superuser; through PgBouncer when the run asks for it (CAIRN_TEST_PGBOUNCER=1). */
  readonly url: string
  /** Superuser, never through PgBouncer: for LISTEN, for sessions, for looking behind the curtain. */
  readonly directUrl: string
  readonly name: string
  /** The schema that Cairn's tables are in, or would be. */
  readonly schema: string
  /** The key that signs tenant contexts, when the database is migrated. */
  readonly contextKey: string
}

/**
 * A migrated database of this test file's own. Call it at the top of the file (`const database = await
 * testDatabase()`): it is dropped after the file's last test and hook, with the connections that are still open.
 */
export function testDatabase(): Promise<TestFileDatabase> {
  return databaseFrom(testServer().template)
}

/** The same without Cairn's tables, for what migrates by itself. */
export function emptyDatabase(): Promise<TestFileDatabase> {
  return databaseFrom(undefined)
}

async function databaseFrom(template: string | undefined): Promise<TestFileDatabase> {
  const { url, pooledUrl, schema, contextKey } = testServer()
  const database = await createDatabase(url, template === undefined ? {} : { template })
  afterAll(() => database.drop())
  const pooled = new URL(pooledUrl ?? database.url)
  pooled.pathname = `/${database.name}`
  return { url: pooled.href, directUrl: database.url, name: database.name, schema, contextKey }
}
