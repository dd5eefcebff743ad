import { afterAll, describe, expect, test } from 'vitest'
import { createLogins } from '../../support/test-logins.ts'
import { testServer } from '../../support/test-server.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import type { Attack, AttackGround } from '../tenancy/support/attacks/attack.ts'
import { escapes } from '../tenancy/support/attacks/escapes.ts'
import { forgedContexts } from '../tenancy/support/attacks/forged-contexts.ts'
import { ownCode } from '../tenancy/support/attacks/own-code.ts'
import { shadows } from '../tenancy/support/attacks/shadows.ts'
import { alpha, bravo, hiddenMark, ownMark } from '../tenancy/support/two-tenants.ts'
import { planOf } from './support/models.ts'
import { projections, type Projections } from './support/projections.ts'
import { capturedContext, guarded, open, sealed, seedNotes } from './support/two-tenants.ts'

// A login of this file's own: some attacks change its defaults, and logins belong to the whole server.
const { logins, drop } = await createLogins(testServer().url, testServer().schema)
afterAll(drop)

interface Battlefield extends AttackGround {
  readonly on: Projections
  readonly physical: readonly string[]
}

/** Three generations of one projection (previous, live, building), each with rows of both tenants. */
async function prepare(): Promise<Battlefield> {
  const on = await projections()
  const { database, db, store, moveTo } = on
  const { schema, url } = database
  const physical: string[] = []
  for (const version of [1, 2, 3]) {
    const generation = await store.create(planOf('notes', [open, guarded, sealed], { version }))
    await seedNotes(db, generation)
    await moveTo(generation, 10)
    if (version < 3) await store.switchTo(generation)
    physical.push(...generation.tables.map(({ name }) => `${schema}.${name}`))
  }
  await on.ask('analyze')
  return {
    on,
    physical,
    schema,
    login: logins.app.user,
    superuser: new URL(url).username,
    url: Object.assign(new URL(database.appUrl), { username: logins.app.user, password: logins.app.password }).href,
    // What the application has the privilege to ask at all; row-rules.test.ts has the others.
    relations: [...[open, guarded, sealed].map(({ name }) => `${schema}.${name}`), ...physical.filter((name) => name.includes('__v2_'))],
    own: await capturedContext(db, alpha, { role: 'staff', userId: 'ann' }),
    victim: await capturedContext(db, bravo, { role: 'staff', userId: 'ann' }),
  }
}

const ground = await prepare()
const unguarded = await prepare()
for (const table of unguarded.physical) {
  await unguarded.on.ask(`alter table ${table} disable row level security`)
  for (const column of ['tenant_id', 'id', 'owner', 'note'])
    await unguarded.on.ask(`alter table ${table} alter column ${column} set statistics 100`)
}
await unguarded.on.ask('analyze')

const digests = async (): Promise<unknown> => {
  const generations = await ground.on.store.generations('notes')
  return Promise.all(generations.map((generation) => ground.on.store.digest(generation)))
}
const before = await digests()

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

const attackSets = { 'a forged context': forgedContexts, 'own code': ownCode, 'shadowed names': shadows, 'an escape': escapes }
/** Neither reads tables of tenants: without row-level security there is nothing to find either. */
const notByPolicy = ['reads the key', 'looks at what the server does']

for (const [kind, attacks] of Object.entries(attackSets)) {
  describe(`${kind} opens no other tenant’s read models to an application that`, () => {
    test.each(attacks.map((attack) => [attack.title, attack] as const))('%s', async (_, attack) => {
      expect(await carryOut(attack, ground)).not.toContain(hiddenMark)
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
  const [plain] = ownCode
  expect(plain === undefined ? '' : await carryOut(plain, ground)).toContain(ownMark)
})

test('nothing that the attacks tried was written', async () => {
  expect(await digests()).toEqual(before)
})
