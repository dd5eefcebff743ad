import type { CairnOptions } from '@cairn/cairn'
import type { TestFileDatabase } from '../../../support/test-database.ts'

/** Where an app keeps its data, as options of `createCairn`. */
export type Place = Pick<CairnOptions, 'database' | 'schema' | 'workerUrl' | 'ownerUrl' | 'contextKey' | 'defaultTenantId'>

/** The logins of production, with one that may make tables. */
export function onPostgres(database: TestFileDatabase): Place {
  return {
    database: database.appUrl,
    workerUrl: database.workerUrl,
    ownerUrl: database.url,
    schema: database.schema,
    contextKey: database.contextKey,
    defaultTenantId: 't',
  }
}

export const inMemory: Place = { database: 'memory', defaultTenantId: 't' }

/** Waits as long as it takes, on a machine that does other things besides; what an app waits by itself is for its users. */
export const patient = { timeoutMs: 60_000 } as const
