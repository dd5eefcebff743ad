import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from './support/app-session.ts'
import { callOf, type Claim } from './support/call-arguments.ts'
import { functionsIn } from './support/catalog.ts'
import { tableDigest } from './support/table-digest.ts'
import { alpha, bravo, hiddenMark, seedTwoTenants } from './support/two-tenants.ts'

const database = await testDatabase()
const { url, appUrl, schema } = database
const tenants = await seedTwoTenants(database)
const functions = await functionsIn(url, schema)
const open = functions.filter((fn) => fn.appMayExecute)
const withContext = open.filter((fn) => fn.arguments.some(({ name }) => name === 'p_context'))

/** What the application may call without a context, and why that shows nobody's rows. */
const contextFree: Readonly<Record<string, string>> = {
  tenants: 'answers the tenants of the context in force',
  context_role: 'answers the role of the context in force',
  context_user: 'answers the user of the context in force',
  horizon: 'one number for the whole log',
  sequence_state: 'two facts for the boot check',
}

/** What a function answers when it found nothing. */
const emptyAnswers: ReadonlySet<unknown> = new Set([null, 0, false, '0', '[]'])

/** Calls a function and undoes what it did. */
async function call(session: AppSession, fn: (typeof functions)[number], claim: Claim) {
  await session.rows('begin')
  let answer: readonly Readonly<Record<string, unknown>>[] = []
  let state = '00000'
  const [text, values] = callOf(schema, fn, claim, tenants)
  try {
    answer = await session.rows(text, values)
  } catch (error) {
    state = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
  const found = answer.some((row) => Object.values(row).some((value) => !emptyAnswers.has(value)))
  await session.rows('rollback')
  return { state, found }
}

let session: AppSession

beforeAll(async () => {
  session = await AppSession.open(appUrl)
})

afterAll(() => session.close())

describe('every function of the schema', () => {
  test('is owned by the owner role, and is closed to PUBLIC', () => {
    expect(functions.length).toBeGreaterThan(20)
    expect(functions.filter((fn) => fn.owner !== `${schema}_owner` || fn.publicMayExecute)).toEqual([])
  })

  test('that runs with its owner’s rights has a pinned search_path, with temporary names last', () => {
    const definers = functions.filter((fn) => fn.definer)
    expect(definers.length).toBeGreaterThan(15)
    expect(definers.filter((fn) => !fn.settings.includes(`search_path=${schema}, pg_temp`))).toEqual([])
  })

  test('that the application may call takes a context, or is known to need none', () => {
    const unknown = open.filter((fn) => !withContext.includes(fn) && !(fn.name in contextFree))
    expect(unknown.map((fn) => fn.signature)).toEqual([])
  })

  test('that the application may call runs with its owner’s rights: the others would find no rows', () => {
    // read_rows runs a query of its caller's, so that row-level security binds it.
    expect(open.filter((fn) => !fn.definer).map((fn) => fn.name)).toEqual(['read_rows'])
  })
})

describe.each(withContext.map((fn) => [fn.name, fn] as const))('%s', (_, fn) => {
  const { alpha: own, bravo: victims } = tenants.contexts

  test('refuses a call without a signed context, and with one that was tampered with', async () => {
    const contexts = {
      none: undefined,
      empty: { context: '', signature: '' },
      unsigned: { ...victims, signature: '' },
      'another’s, under one’s own signature': { ...victims, signature: own.signature },
      'one’s own, with the tenant replaced': { ...own, context: own.context.replace(alpha, bravo) },
    }
    for (const [what, context] of Object.entries(contexts)) {
      expect({ what, ...(await call(session, fn, { context, tenant: bravo, place: 1 })) }).toEqual({ what, state: 'ZC001', found: false })
    }
  })

  test('serves the victim itself: the arguments of these tests do reach its rows', async () => {
    expect(await call(session, fn, { context: victims, tenant: bravo, place: 1 })).toEqual({ state: '00000', found: true })
  })
})

describe.each(withContext.filter(({ name }) => name !== 'enter_context').map((fn) => [fn.name, fn] as const))('%s', (_, fn) => {
  test('finds and changes nothing for a tenant outside of its context', async () => {
    const claims = {
      'by name or place': { tenant: bravo, place: 2 },
      'no tenant': { tenant: null, place: null },
      'the places of role and user': { tenant: '', place: 0 },
      'a place before all': { tenant: '%', place: -1 },
    }
    const witness = await AppSession.open(appUrl)
    const before = await tableDigest(url, schema)
    for (const [what, claim] of Object.entries(claims)) {
      const { state, found } = await call(witness, fn, { context: tenants.contexts.alpha, ...claim })
      expect({ what, found, refusedOrEmpty: ['ZC001', '00000'].includes(state) }).toEqual({ what, found: false, refusedOrEmpty: true })
    }
    await witness.close()
    expect(witness.seen).not.toContain(hiddenMark)
    expect(await tableDigest(url, schema)).toEqual(before)
  })
})
