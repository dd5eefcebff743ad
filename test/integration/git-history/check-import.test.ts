import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkImport } from '@cairn/example-git-history/check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('importing a git history', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-check-import-'))
    // The check has databases of its own, whatever the shell has in mind: here, one that nobody runs.
    for (const name of ['DATABASE_URL', 'SUPABASE_DB_URL']) vi.stubEnv(name, 'postgres://nobody@127.0.0.1:1/none')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true, force: true })
  })

  it('stores the same with three SIGKILLs on the way, and tells what git tells', { timeout: 400_000 }, async () => {
    const verdict = await checkImport({ commits: 2_000, kills: 3, seed: 7, folder, say: () => undefined })
    expect(verdict).toMatchObject({ ok: true, kills: 3, digestEqual: true, commitsEqual: true, filesEqual: true, readModelsEqual: true })
    expect(verdict.events).toBeGreaterThan(verdict.commits)
  })
})
