import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCairn, type CairnOptions } from '@cairn/cairn'
import { generateRepository, gitHistory, importHistory, openRepository, type HistoryApp, type Repository } from '@cairn/example-git-history'
import {
  askTwice,
  caughtUp,
  runDemo,
  type AskedTwice,
  type Asking,
  type DemoResult,
  type DemoSettings,
} from '@cairn/example-git-history/demo'
import { removeDataFolder } from '@cairn/infra/embedded'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()
let folder = ''
let repo = ''
let data = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-demo-steps-'))
  repo = join(folder, 'repository.git')
  data = join(folder, 'data')
  await generateRepository({ commits: 60, seed: 5, folder: repo })
})
afterAll(async () => {
  await removeDataFolder(data)
  await rm(folder, { recursive: true, force: true })
})

describe('the demo stops', () => {
  afterEach(() => void vi.unstubAllEnvs())
  const nothing = { limit: undefined, file: undefined, at: undefined, all: false, json: false, serve: false, reset: false }
  const settings = (): DemoSettings => ({ ...nothing, repo, data, from: folder, digest: true })

  /** Runs it, and stops it as soon as it has printed this. */
  async function stopAt(text: string, given: Partial<DemoSettings> = {}): Promise<DemoResult & { readonly said: string }> {
    const stop = new AbortController()
    let said = ''
    const print = (line = ''): void => {
      said += `${line}\n`
      if (line.includes(text)) stop.abort()
    }
    const result = await runDemo({ ...settings(), ...given }, { print, width: 80, live: false }, stop.signal)
    expect(said).toContain(text)
    return { ...result, said }
  }

  it.each<[text: string, next: string, given?: Partial<DemoSettings>]>([
    ['… Waiting for the read models', '✓ The read models are at the newest event'],
    ['… Asking the events', 'read and folded in'],
    ['… Asking the events', 'read and folded in', { at: 'HEAD' }],
    ['From the read models', 'Digest'],
  ])('at "%s", and says no more', async (text, next, given = {}) => {
    const { stopped, said } = await stopAt(text, given)
    expect(stopped).toBe(true)
    expect(said).not.toContain(next)
  })

  it('as one that has ended, when all is told and it only serves', async () => {
    const { stopped, said } = await stopAt('Ctrl-C stops it', { serve: true })
    expect(stopped).toBe(false)
    expect(said).toContain('Digest')
  })

  it('on the database of SUPABASE_DB_URL too, which it calls by that name', async () => {
    vi.stubEnv('SUPABASE_DB_URL', database.appUrl)
    vi.stubEnv('CAIRN_WORKER_URL', database.workerUrl)
    vi.stubEnv('CAIRN_OWNER_URL', database.url)
    vi.stubEnv('CAIRN_CONTEXT_KEY', database.contextKey)
    const { said } = await stopAt('psql ', { digest: false })
    expect(said).toContain('Connected to SUPABASE_DB_URL')
    expect(said).toContain('The database of SUPABASE_DB_URL, schema')
    expect(said).toContain('psql "$SUPABASE_DB_URL"')
    vi.stubEnv('DATABASE_URL', database.appUrl)
    const named = await stopAt('psql ', { digest: false })
    expect(named.said).toContain('Connected to DATABASE_URL')
    expect(named.said).not.toContain('SUPABASE_DB_URL')
  })
})

describe('the comparison of events and read models', () => {
  let app: HistoryApp
  let repository: Repository
  beforeAll(async () => {
    repository = await openRepository(repo)
  })

  /** On a log that has a third of the history. */
  async function openApp(options: Pick<CairnOptions, 'background'> = {}): Promise<HistoryApp> {
    app = await createCairn({ domains: [gitHistory], database: 'embedded', dataDir: join(folder, 'compared'), ...options })
    return app
  }
  const importOne = async (): Promise<void> => void (await importHistory({ app, repository, limit: 1 }))
  afterAll(() => removeDataFolder(join(folder, 'compared')))

  /** Folds through pages that may be tampered with. */
  async function ask(pages: (page: Awaited<ReturnType<Asking['events']['readAll']>>) => Promise<typeof page>): Promise<AskedTwice> {
    return askTwice({
      app,
      events: { readAll: async (options) => pages(await app.events.readAll(options)) },
      tenantId: repository.id,
      at: undefined,
      limit: 8,
      signal: new AbortController().signal,
    })
  }

  it('is made again when another run imports meanwhile, and given up as no alarm when that does not end', async () => {
    await using _ = await openApp()
    await importHistory({ app, repository, limit: 20 })
    let imports = 1
    const meanwhile = async <T extends { readonly next: number; readonly horizon: number }>(page: T): Promise<T> => {
      if (page.next < page.horizon || imports-- <= 0) return page
      await importOne()
      await caughtUp(app, new AbortController().signal)
      return page
    }
    const once = await ask(meanwhile)
    expect(once.moving).toBe(false)
    expect([once.history.commits, once.read?.commits]).toEqual([21, 21])
    imports = Infinity
    const always = await ask(meanwhile)
    expect(always.moving).toBe(true)
    expect([always.history.commits, always.read?.commits]).toEqual([23, 24])
  })

  it('is an alarm when they differ and nothing was stored meanwhile', async () => {
    await using _ = await openApp()
    // Not any event: what the first of a file says may be of none of the rows that are compared.
    const losing = ask((page) => Promise.resolve({ ...page, events: page.events.filter(({ aggregateType }) => aggregateType === 'file') }))
    await expect(losing).rejects.toThrow(/The read models and the events do not agree on: /)
  })

  it('waits for read models that nobody feeds no longer than the signal says', async () => {
    await using _ = await openApp({ background: false })
    await importOne()
    const stop = new AbortController()
    const waiting = caughtUp(app, stop.signal)
    waiting.catch(() => undefined)
    expect(await Promise.race([waiting, sleep(500, 'waiting')])).toBe('waiting')
    stop.abort()
    await expect(waiting).rejects.toBe(stop.signal.reason)
  })
})
