import { migrate } from '@cairn/infra/pg'
import { createDatabase, providePgBouncer, providePostgres } from '@cairn/testing/services'
import type { TestProject } from 'vitest/node'
import { createLogins } from './support/test-logins.ts'
import type { CairnTestServer } from './support/test-server.ts'

/** Once for the integration project: one server, and one migrated database that every test file gets a copy of. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const schema = process.env['CAIRN_TEST_SCHEMA'] ?? 'cairn'
  // In reverse order of their making.
  const endings: (() => Promise<void>)[] = []
  const end = async (): Promise<void> => {
    for (const ending of endings.toReversed()) await ending()
  }
  try {
    const server = await providePostgres()
    endings.push(() => server.stop())
    const template = await createDatabase(server.url, { prefix: 'cairn_template' })
    endings.push(() => template.drop())
    const { contextKey } = await migrate({ url: template.url, schema })
    const { logins, drop } = await createLogins(server.url, schema)
    endings.push(drop)
    const bouncer = process.env['CAIRN_TEST_PGBOUNCER'] === '1' ? await providePgBouncer(server.url) : undefined
    if (bouncer !== undefined) endings.push(() => bouncer.stop())
    const provided: CairnTestServer = {
      url: server.url,
      pooledUrl: bouncer?.url,
      kind: server.kind,
      version: server.version,
      template: template.name,
      schema,
      contextKey,
      logins,
    }
    project.provide('cairnTestServer', provided)
    return end
  } catch (error) {
    await end()
    throw error
  }
}
