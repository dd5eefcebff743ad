import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** The addresses of a schema's application and background readers, one login each, as in production. */
export interface CairnLogins {
  readonly app: string
  readonly worker: string
}

export const loginNames = (schema: string) => ({ app: `${schema}_app_login`, worker: `${schema}_worker_login` })

/** Makes the two logins; the migration has made the roles that they are members of. */
export async function createLogins(url: string, schema: string): Promise<CairnLogins> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const names = loginNames(schema)
    const login = async (name: string, role: string): Promise<string> => {
      const password = randomBytes(16).toString('hex')
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name])
      await client.query(`${rowCount === 0 ? 'create' : 'alter'} role ${name} login password '${password}'`)
      await client.query(`grant ${role} to ${name}`)
      const address = new URL(url)
      address.username = name
      address.password = password
      return address.href
    }
    return { app: await login(names.app, `${schema}_app`), worker: await login(names.worker, `${schema}_worker`) }
  } finally {
    await client.end()
  }
}
