import { migrate } from '@cairn/infra/pg'
import { createDatabase } from '@cairn/testing/services'
import { createLogins } from '../../support/test-logins.ts'

/** The migrated database that a check runs on. What `testDatabase()` gives to a test file is one. */
export interface CheckDatabase {
  /** Superuser: for preparing, for foreign transactions, for the truth at the end. */
  readonly url: string
  /** The application's login. */
  readonly appUrl: string
  /** The background readers' login. */
  readonly workerUrl: string
  readonly contextKey: string
  readonly schema: string
  readonly name: string
}

/** A new database on a server, with logins of its own; `drop` leaves the server as it was, but for the schema's roles. */
export async function createCheckDatabase(serverUrl: string, prefix = 'cairn_stress'): Promise<CheckDatabase & { drop(): Promise<void> }> {
  const schema = 'cairn'
  const { name, url, drop } = await createDatabase(serverUrl, { prefix })
  try {
    const { contextKey } = await migrate({ url, schema })
    const made = await createLogins(serverUrl, schema)
    const urlOf = (login: { readonly user: string; readonly password: string }): string =>
      Object.assign(new URL(url), { username: login.user, password: login.password }).href
    return {
      url,
      appUrl: urlOf(made.logins.app),
      workerUrl: urlOf(made.logins.worker),
      contextKey,
      schema,
      name,
      drop: async () => {
        await drop()
        await made.drop()
      },
    }
  } catch (error) {
    await drop()
    throw error
  }
}
