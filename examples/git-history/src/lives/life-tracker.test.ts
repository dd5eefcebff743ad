import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateRepository } from '../generate/generate-repository.ts'
import { Random } from '../generate/random.ts'
import type { Commit } from '../git/commit.ts'
import { filesOfCommit } from '../git/files-of-commit.ts'
import { openRepository } from '../git/open-repository.ts'
import { readGitLog } from '../git/read-git-log.ts'
import { collect } from '../testing/collect.ts'
import { lines, SandboxRepository } from '../testing/sandbox-repository.ts'
import { LifeTracker } from './life-tracker.ts'
import type { LifeChange } from './life-change.ts'

type Told = LifeChange & { readonly sha: string }

function track(commits: readonly Commit[]): readonly Told[] {
  const children = new Map<string, number>()
  for (const parent of commits.flatMap((commit) => [...new Set(commit.parents)])) children.set(parent, (children.get(parent) ?? 0) + 1)
  const tracker = new LifeTracker({ childrenOf: (sha) => children.get(sha) ?? 0 })
  return commits.flatMap((commit) => tracker.apply(commit).map((change) => ({ ...change, sha: commit.sha })))
}

async function commitsOf(folder: string): Promise<Commit[]> {
  const repository = await openRepository(folder)
  return collect(readGitLog(repository.folder, repository.tips))
}

const short = (changes: readonly Told[], sha: string): string[] =>
  changes.filter((change) => change.sha === sha).map(({ what, path }) => `${what} ${path}`)

/** The files of a commit, as the changes of its ancestors tell: the last one that decided a life's place. */
function filesAt(sha: string, changes: readonly Told[], commits: ReadonlyMap<string, Commit>): string[] {
  const ancestors = new Set([sha])
  for (const one of ancestors) for (const parent of commits.get(one)?.parents ?? []) ancestors.add(parent)
  const places = new Map<string, string | undefined>()
  for (const { life, what, path, sha: in_ } of changes) {
    if (!ancestors.has(in_) || what === 'modified' || what === 'merged') continue
    places.set(life, what === 'deleted' ? undefined : path)
  }
  return [...places.values()].filter((path) => path !== undefined)
}

/** Another order in which parents come before their children. */
function shuffled(commits: readonly Commit[], random: Random): Commit[] {
  const left = new Map(commits.map((commit) => [commit.sha, commit]))
  const result: Commit[] = []
  while (left.size > 0) {
    const ready = [...left.values()].filter((commit) => commit.parents.every((parent) => !left.has(parent)))
    const next = ready[random.below(ready.length)]
    if (next === undefined) throw new Error('a cycle')
    left.delete(next.sha)
    result.push(next)
  }
  return result
}

describe('LifeTracker', () => {
  it('goes on with a life through renames, and begins another when a path is used again', async () => {
    using repository = new SandboxRepository()
    repository.write('a', lines(10)).commit()
    repository.remove('a').write('b', lines(10)).commit()
    repository.remove('b').commit()
    repository.write('b', lines(10)).commit()
    const changes = track(await commitsOf(repository.folder))
    expect(changes.map(({ what, path, from }) => [what, path, from])).toEqual([
      ['added', 'a', undefined],
      ['renamed', 'b', 'a'],
      ['deleted', 'b', undefined],
      ['added', 'b', undefined],
    ])
    const [first, renamed, deleted, again] = changes.map((change) => change.life)
    expect([renamed, deleted]).toEqual([first, first])
    expect(again).not.toBe(first)
  })

  it('does not record again what a merge brings from its parents', async () => {
    using repository = new SandboxRepository()
    const base = repository.write('a', lines(10)).write('b', lines(10, 'b')).commit()
    const side = repository
      .remove('a')
      .write('moved', `${lines(10)}side\n`)
      .write('new', lines(3))
      .commit('side')
    const main = repository
      .goTo(base)
      .write('b', `${lines(10, 'b')}main\n`)
      .commit('main')
    const merge = repository
      .remove('a')
      .write('moved', `${lines(10)}side\n`)
      .write('new', lines(3))
      .commit('merge', { parents: [main, side] })
    const changes = track(await commitsOf(repository.folder))
    expect(short(changes, merge)).toEqual([])
    expect(short(changes, side).toSorted()).toEqual(['added new', 'renamed moved'])
    // What comes after the merge goes on with the side's lives.
    expect(new Set(changes.filter((change) => ['a', 'moved'].includes(change.path)).map((change) => change.life)).size).toBe(1)
  })

  it('records what a merge itself wrote, without lines', async () => {
    using repository = new SandboxRepository()
    const base = repository.write('a', lines(10)).commit()
    const side = repository.write('a', `${lines(10)}side\n`).commit('side')
    const main = repository
      .goTo(base)
      .write('a', `${lines(10)}main\n`)
      .commit('main')
    const merge = repository.write('a', `${lines(10)}both\n`).commit('merge', { parents: [main, side] })
    const changes = track(await commitsOf(repository.folder))
    expect(short(changes, merge)).toEqual(['merged a'])
    expect(changes.at(-1)?.lines).toEqual({ added: 0, deleted: 0, binary: false })
  })

  it('records that a merge keeps what one of its parents deleted', async () => {
    using repository = new SandboxRepository()
    const base = repository.write('a', lines(10)).write('z', '1').commit()
    const side = repository.write('a', `${lines(10)}side\n`).commit('side')
    const main = repository.goTo(base).remove('a').commit('main')
    const merge = repository.write('a', `${lines(10)}side\n`).commit('merge', { parents: [main, side] })
    expect(short(track(await commitsOf(repository.folder)), merge)).toEqual(['settled a'])
  })

  it('records that a merge deletes what one of its parents moved', async () => {
    using repository = new SandboxRepository()
    const base = repository.write('a', lines(10)).write('z', '1').commit()
    const side = repository.remove('a').write('b', lines(10)).commit('side')
    const main = repository.goTo(base).remove('a').commit('main')
    const merge = repository.commit('merge', { parents: [main, side] })
    expect(short(track(await commitsOf(repository.folder)), merge)).toEqual(['deleted b'])
  })

  it('gives a file that two branches added on their own to the first of them', async () => {
    using repository = new SandboxRepository()
    const base = repository.write('z', '1').commit()
    const side = repository.write('a', lines(3, 'side')).commit('side')
    const main = repository.goTo(base).write('a', lines(3, 'main')).commit('main')
    const merge = repository.commit('merge', { parents: [main, side] })
    const after = repository.write('a', lines(4, 'main')).commit('after')
    const commits = await commitsOf(repository.folder)
    const changes = track(commits)
    const lifeOf = (sha: string): string | undefined => changes.find((change) => change.sha === sha && change.path === 'a')?.life
    expect(lifeOf(after)).toBe(lifeOf(main))
    expect(short(changes, merge)).toEqual(['deleted a'])
    expect(changes.find((change) => change.sha === merge)?.life).toBe(lifeOf(side))
  })
})

describe.each([1, 2, 3, 4])('the lives of a generated history, seed %i', (seed) => {
  it('are the files that git has, at every commit, in whatever order branches are read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-lives-'))
    try {
      await generateRepository({ commits: 400, seed, folder: join(folder, 'r.git') })
      const commits = await commitsOf(join(folder, 'r.git'))
      const bySha = new Map(commits.map((commit) => [commit.sha, commit]))
      const changes = track(commits)
      const otherwise = track(shuffled(commits, new Random(seed)))
      const sorted = (all: readonly Told[]): string[] => all.map((change) => JSON.stringify(change)).toSorted()
      expect(sorted(otherwise)).toEqual(sorted(changes))
      for (const [i, { sha, parents }] of commits.entries()) {
        // Each merge, and some of the others.
        if (parents.length < 2 && i % 10 > 0 && i < commits.length - 1) continue
        const truth = (await filesOfCommit(join(folder, 'r.git'), sha)).toSorted()
        expect(filesAt(sha, changes, bySha).toSorted()).toEqual(truth)
        expect(filesAt(sha, otherwise, bySha).toSorted()).toEqual(truth)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})
