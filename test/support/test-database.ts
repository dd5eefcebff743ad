import { createDatabase } from '@cairn/testing/services'
import { afterAll } from 'vitest'
import type { TestLogin } from './test-logins.ts'
import { testServer } from './test-server.ts'

export interface TestFileDatabase {
  /** Superuser, never through PgBouncer: for preparing, for LISTEN, for looking behind the curtain. */
  readonly url: string
  /**
   * The application's login, a member of the app role alone, as in production; through PgBouncer when the run asks for it
   * (CAIRN_TEST_PGBOUNCER=1). With `workerUrl`, `schema` and `contextKey` it is what `openPg` takes.
   */
  readonly appUrl: string
  /** The background readers' login, likewise. */
  readonly workerUrl: string
  /** The login that archives and erases, likewise. */
  readonly maintenanceUrl: string
  /** The schema that Cairn's tables are in, or would be. */
  readonly schema: string
  /** The key that signs tenant contexts, when the database is migrated. */
  readonly contextKey: string
  readonly name: string
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
  const { url, pooledUrl, schema, contextKey, logins } = testServer()
  const { name, url: directUrl, drop } = await createDatabase(url, template === undefined ? {} : { template })
  afterAll(drop)
  const urlOf = ({ user, password }: TestLogin): string => {
    const address = new URL(pooledUrl ?? url)
    return Object.assign(address, { username: user, password, pathname: `/${name}` }).href
  }
  return {
    url: directUrl,
    appUrl: urlOf(logins.app),
    workerUrl: urlOf(logins.worker),
    maintenanceUrl: urlOf(logins.maintenance),
    schema,
    contextKey,
    name,
  }
}
