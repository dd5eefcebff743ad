import { afterAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'
import { createLogins } from '../../support/test-logins.ts'
import { testServer } from '../../support/test-server.ts'
import { AppSession } from './support/app-session.ts'
import type { Attack, AttackGround } from './support/attacks/attack.ts'
import { escapes } from './support/attacks/escapes.ts'
import { forgedContexts } from './support/attacks/forged-contexts.ts'
import { ownCode } from './support/attacks/own-code.ts'
import { shadows } from './support/attacks/shadows.ts'
import { relationsIn } from './support/catalog.ts'
import { tableDigest } from './support/table-digest.ts'
import { hiddenMark, ownMark, seedTwoTenants } from './support/two-tenants.ts'

interface Battlefield extends AttackGround {
  readonly database: TestFileDatabase
}

// A login of this file's own: some attacks change its defaults, and logins belong to the whole server.
const { logins, drop } = await createLogins(testServer().url, testServer().schema)
afterAll(drop)

async function prepare(): Promise<Battlefield> {
  const database = await testDatabase()
  const { url, schema } = database
  const { contexts } = await seedTwoTenants(database)
  // So that the planner has samples of the rows, which leaky estimators could tell.
  await queryOnce(url, 'analyze')
  // Changes of watched tables are refused to the application as a whole (no-context.test.ts): an attack would end there.
  const relations = (await relationsIn(url, schema)).filter(({ name, columns }) => columns.includes('tenant_id') && name !== 'changes')
  return {
    database,
    schema,
    login: logins.app.user,
    superuser: new URL(url).username,
    url: Object.assign(new URL(database.appUrl), { username: logins.app.user, password: logins.app.password }).href,
    relations: relations.map(({ name }) => `${schema}.${name}`),
    own: contexts.alpha,
    victim: contexts.bravo,
  }
}

const ground = await prepare()
const unguarded = await prepare()
for (const { name, kind, columns } of await relationsIn(unguarded.database.url, unguarded.schema)) {
  if (kind !== 'table' || !columns.includes('tenant_id')) continue
  const table = `${unguarded.schema}.${name}`
  await queryOnce(unguarded.database.url, `alter table ${table} disable row level security`)
  for (const column of columns) await queryOnce(unguarded.database.url, `alter table ${table} alter column "${column}" set statistics 100`)
}
await queryOnce(unguarded.database.url, 'analyze')

const before = await tableDigest(ground.database.url, ground.schema)
const attackSets = { 'a forged context': forgedContexts, 'own code': ownCode, 'shadowed names': shadows, 'an escape': escapes }

/** Carries an attack out on a session of its own, in the attacker's signed context, and returns all that the session was told. */
async function carryOut(attack: Attack, on: Battlefield): Promise<string> {
  const session = await AppSession.open(on.url)
  try {
    await session.enter(on.own)
    await attack.run(session, on)
    return session.seen
  } finally {
    await session.close()
  }
}

/** Reads no tenant's tables: with row-level security off there is nothing to find either. */
const notByPolicy = ['reads the key', 'looks at what the server does']

for (const [kind, attacks] of Object.entries(attackSets)) {
  describe(`${kind} opens nobody else’s rows to an application that`, () => {
    test.each(attacks.map((attack) => [attack.title, attack] as const))('%s', async (_, attack) => {
      const seen = await carryOut(attack, ground)
      expect(seen).not.toContain(hiddenMark)
      expect(seen).not.toContain(ground.database.contextKey)
    })
  })

  describe(`without row-level security ${kind} does find them (the control) when it`, () => {
    test.each(attacks.filter(({ title }) => !notByPolicy.includes(title)).map((attack) => [attack.title, attack] as const))(
      '%s',
      async (_, attack) => {
        expect(await carryOut(attack, unguarded)).toContain(hiddenMark)
      },
    )
  })
}

test('an application sees its own rows throughout: the attacks fail for what they are', async () => {
  const plain = ownCode[0]
  expect(plain === undefined ? '' : await carryOut(plain, ground)).toContain(ownMark)
})

test('nothing that the attacks tried was stored either', async () => {
  expect(await tableDigest(ground.database.url, ground.schema)).toEqual(before)
})
