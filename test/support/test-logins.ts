import { randomBytes } from 'node:crypto'
import { queryOnce } from './query-once.ts'

/** The login of one role, as it stands in an address. */
export interface TestLogin {
  readonly user: string
  readonly password: string
}

/** One login per role of the schema, as in production; PgBouncer allows nothing else, because it pools by login. */
export interface TestLogins {
  readonly app: TestLogin
  readonly worker: TestLogin
  readonly maintenance: TestLogin
}

/** Makes the logins; the roles must exist. Logins belong to the server, so `drop` them when its databases are gone. */
export async function createLogins(serverUrl: string, schema: string): Promise<{ readonly logins: TestLogins; drop(): Promise<void> }> {
  const suffix = randomBytes(4).toString('hex')
  const password = randomBytes(12).toString('hex')
  const login = (role: string): TestLogin => ({ user: `cairn_test_${role}_${suffix}`, password })
  const logins = { app: login('app'), worker: login('worker'), maintenance: login('maintenance') }
  for (const [role, { user }] of Object.entries(logins)) {
    await queryOnce(serverUrl, `create role ${user} login password '${password}' in role ${schema}_${role}`)
  }
  const drop = async (): Promise<void> => {
    for (const { user } of Object.values(logins)) await queryOnce(serverUrl, `drop role if exists ${user}`)
  }
  return { logins, drop }
}
