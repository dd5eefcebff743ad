import { randomBytes } from 'node:crypto'
import { isCairnError } from '@cairn/core'
import { migrate, openPg } from '@cairn/infra/pg'
import { afterAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testServer } from '../../support/test-server.ts'
import { freshDatabase, freshSchema } from './support/schema-names.ts'

const suffix = randomBytes(4).toString('hex')
const logins: string[] = []
afterAll(async () => {
  for (const login of logins) await queryOnce(testServer().url, `drop role ${login}`)
})

/** Addresses of a login of its own, at a database. */
async function loginWith(attributes: string): Promise<{ readonly name: string; at(url: string): string }> {
  const name = `owner_login_${logins.length}_${suffix}`
  await queryOnce(testServer().url, `create role ${name} login password 'secret' ${attributes}`)
  logins.push(name)
  return { name, at: (url) => Object.assign(new URL(url), { username: name, password: 'secret' }).href }
}

/** The refusal's message; undefined when there was none. */
async function refusal(url: string, schema: string): Promise<string | undefined> {
  try {
    await migrate({ url, schema })
    return undefined
  } catch (error) {
    if (isCairnError(error, 'CAIRN_UNSAFE_DATABASE') && !error.retryable) return error.message
    throw error
  }
}

describe('a login that is no superuser', () => {
  test('migrates when it may create roles and schemas, again and again', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    const login = await loginWith('createrole')
    await queryOnce(url, `grant create on database "${new URL(url).pathname.slice(1)}" to ${login.name}`)
    const first = await migrate({ url: login.at(url), schema })
    expect(first.applied.length).toBeGreaterThan(0)
    expect(await migrate({ url: login.at(url), schema })).toMatchObject({ applied: [], reapplied: false, contextKey: first.contextKey })
    expect(await queryOnce(url, `select distinct tableowner::text as owner from pg_tables where schemaname = $1`, [schema])).toEqual([
      { owner: `${schema}_owner` },
    ])
    await (await openPg({ url, schema, roles: 'switch' })).close()
    await queryOnce(url, `drop owned by ${login.name}`)
  })

  test('is told what a superuser must run, step by step, until it can migrate as a member of the owner role alone', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    const login = await loginWith('')
    const run = async (message: string | undefined, pattern: RegExp): Promise<void> => {
      const [, remedy] = pattern.exec(message ?? '') ?? []
      expect({ message, remedy }).toEqual({ message, remedy: expect.any(String) })
      await queryOnce(url, remedy ?? '')
    }
    await run(await refusal(login.at(url), schema), /may not create them\. Run as a superuser: (.*;) and grant/)
    await run(await refusal(login.at(url), schema), /may not take the role .*\. Run as a superuser: (grant .*;)$/)
    await run(await refusal(login.at(url), schema), /may not create schemas .*\. Run as a superuser: (create schema .*); or:/)
    expect(await refusal(login.at(url), schema)).toBeUndefined()
    // A second login of the same role takes over.
    const other = await loginWith(`in role ${schema}_owner`)
    expect(await migrate({ url: other.at(url), schema })).toMatchObject({ applied: [], reapplied: false })
  })
})

describe('roles and schemas that were there before', () => {
  test.each(['superuser', 'bypassrls', 'createrole', 'login'])('are refused where a role of the schema has %s', async (attribute) => {
    const url = await freshDatabase()
    const schema = freshSchema()
    await queryOnce(url, `create role ${schema}_worker ${attribute}`)
    const message = await refusal(url, schema)
    expect(message).toMatch(new RegExp(`Role ${schema}_worker is .* Run: (alter role .* nologin);`))
    const [, remedy] = /Run: (alter role .* nologin);/.exec(message ?? '') ?? []
    await queryOnce(url, remedy ?? '')
    expect(await refusal(url, schema)).toBeUndefined()
  })

  test('are refused where somebody else owns the schema', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    await queryOnce(url, `create schema ${schema}`)
    const message = await refusal(url, schema)
    expect(message).toMatch(/belongs to .*\. Run: alter schema/)
    await queryOnce(url, /Run: (.*;)/.exec(message ?? '')?.[1] ?? '')
    expect(await refusal(url, schema)).toBeUndefined()
  })
})
