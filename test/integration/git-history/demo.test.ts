import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { generateRepository } from '@cairn/example-git-history'
import { removeDataFolder } from '@cairn/infra/embedded'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const script = resolve(import.meta.dirname, '../../../examples/git-history/src/demo.ts')

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo without a terminal; `onError` sees what it writes to stderr, and may signal it. */
async function demo(
  args: readonly string[],
  onError: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Run> {
  const { INIT_CWD: _, ...env } = process.env
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    onError(stderr, (signal) => child.kill(signal))
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, stdout, stderr }
}

describe('the demo', () => {
  let folder = ''
  let repo = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-demo-'))
    repo = join(folder, 'repository.git')
    await generateRepository({ commits: 1_500, seed: 11, folder: repo })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('imports once, answers from the events, and finds nothing new the second time', { timeout: 300_000 }, async () => {
    const data = join(folder, 'once')
    try {
      const first = await demo(['--repo', repo, '--data', data, '--json', '--digest'])
      expect(first).toMatchObject({ code: 0 })
      const told = JSON.parse(first.stdout)
      expect(told.import).toMatchObject({ commits: 1_500, total: 1_500, known: 0, stopped: false })
      expect(told.trial).toMatchObject({
        conflict: { code: 'CAIRN_VERSION_CONFLICT' },
        duplicate: { duplicate: true, version: 1 },
        reused: { code: 'CAIRN_COMMAND_ID_REUSED' },
      })
      expect(told.trial.versionAfter).toBe(told.trial.conflict.actual)
      expect(told.life.versions.length).toBeGreaterThan(1)
      expect(told.answers.hotspots).toHaveLength(8)
      expect(told.answers.weeks.length).toBeGreaterThan(0)
      expect(told.rebuilt).toMatchObject({ projection: 'hotspots', status: 'rebuilt', generation: 2, parked: 0 })
      expect(first.stderr).toContain('From the read models, and the same as folded from the events')
      expect(first.stderr).toContain('hotspots rebuilt beside the live tables')
      const second = await demo(['--repo', repo, '--data', data, '--json', '--digest'])
      expect(JSON.parse(second.stdout)).toMatchObject({ import: { commits: 0, known: 1_500 }, digest: told.digest, answers: told.answers })
    } finally {
      await removeDataFolder(data)
    }
  })

  it('stops at SIGINT with 130, says that it goes on, and does', { timeout: 300_000 }, async () => {
    const data = join(folder, 'stopped')
    // Many, so that it is still at work when the signal arrives, on a quick machine and on one that does other things besides.
    const many = join(folder, 'many.git')
    await generateRepository({ commits: 3_000, seed: 12, folder: many })
    try {
      let asked = false
      const first = await demo(['--repo', many, '--data', data, '--json'], (stderr, kill) => {
        if (asked || !stderr.includes('/3,000 commits')) return
        asked = true
        kill('SIGINT')
      })
      expect(first).toMatchObject({ code: 130 })
      expect(first.stderr).toContain('goes on from there')
      const { commits } = JSON.parse(first.stdout).import
      expect(commits).toBeGreaterThan(0)
      expect(commits).toBeLessThan(3_000)
      const second = await demo(['--repo', many, '--data', data, '--json'])
      expect(JSON.parse(second.stdout).import).toMatchObject({ commits: 3_000 - commits, known: commits })
    } finally {
      await removeDataFolder(data)
    }
  })

  it('refuses bad usage with 2 and a usage line, and a folder that is no repository with 1', async () => {
    expect(await demo(['--limit', 'many'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: pnpm demo') })
    expect(await demo(['--nonsense'])).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option '--nonsense'") })
    expect(await demo(['--repo', folder])).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a git repository') })
    expect(await demo(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Examples:') })
  })
})
