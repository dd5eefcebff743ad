import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkImport } from '@cairn/example-git-history/check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

describe('importing a git history', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-check-import-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('stores the same with three SIGKILLs on the way, and tells what git tells', { timeout: 400_000 }, async () => {
    const verdict = await checkImport({ commits: 2_000, kills: 3, seed: 7, folder, say: () => undefined })
    expect(verdict).toMatchObject({ ok: true, kills: 3, digestEqual: true, commitsEqual: true, filesEqual: true, readModelsEqual: true })
    expect(verdict.events).toBeGreaterThan(verdict.commits)
  })
})
