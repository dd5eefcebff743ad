import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect } from '../testing/collect.ts'
import { lines, SandboxRepository } from '../testing/sandbox-repository.ts'
import type { Commit } from './commit.ts'
import { openRepository } from './open-repository.ts'
import { readGitLog } from './read-git-log.ts'

async function read(folder: string): Promise<Commit[]> {
  const repository = await openRepository(folder)
  return collect(readGitLog(repository.folder, repository.tips))
}

const short = (commit: Commit | undefined): string[] =>
  (commit?.changes ?? []).map(({ status, from, path, lines: { added, deleted, binary } }) =>
    [status, ...(from === undefined ? [] : [from]), path, binary ? 'binary' : `+${added} -${deleted}`].join(' '),
  )

const cloneTo = (...args: readonly string[]) => execFileSync('git', ['clone', '--quiet', ...args], { stdio: 'pipe' })

describe('readGitLog', () => {
  let repository = new SandboxRepository()
  afterEach(() => {
    repository[Symbol.dispose]()
    repository = new SandboxRepository()
  })

  it('reads additions, changes, renames and deletions with their lines, oldest first', async () => {
    const first = repository.write('a', lines(10)).commit('one\n\nbody')
    repository
      .write('a', `${lines(10)}more\n`)
      .write('b', lines(2))
      .commit('two')
    repository
      .remove('a')
      .write('c', `${lines(10)}more\nand more\n`)
      .commit('three')
    repository.remove('b').commit('four')
    const commits = await read(repository.folder)
    expect(commits.map((commit) => commit.subject)).toEqual(['one', 'two', 'three', 'four'])
    expect(commits.map(short)).toEqual([
      ['added a +10 -0'],
      ['modified a +1 -0', 'added b +2 -0'],
      ['renamed a c +1 -0'],
      ['deleted b +0 -2'],
    ])
    expect(commits[0]).toMatchObject({
      sha: first,
      parents: [],
      author: { name: 'Ann', email: 'ann@example.org' },
      authoredAt: '2023-11-14T22:14:20.000Z',
    })
    expect(commits[1]?.parents).toEqual([first])
  })

  it('sees submodules that .gitmodules says to ignore', async () => {
    repository
      .write('.gitmodules', '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n\tignore = all\n')
      .submodule('sub', 'a'.repeat(40))
      .commit()
    expect((await read(repository.folder)).map(short)).toEqual([['added .gitmodules +4 -0', 'added sub +0 -0']])
  })

  it('knows binary files, links, executables, submodules and changes of mode', async () => {
    repository
      .write('binary', Buffer.from([1, 0, 2]))
      .write('link', 'target', '120000')
      .write('run', lines(1), '100755')
      .submodule('sub', 'a'.repeat(40))
      .commit()
    repository.write('run', lines(1), '100644').submodule('sub', 'b'.repeat(40)).commit()
    const [first, second] = await read(repository.folder)
    expect(first?.changes.map(({ path, kind, lines: counted }) => [path, kind, counted])).toEqual([
      ['binary', 'file', { added: 0, deleted: 0, binary: true }],
      ['link', 'symlink', { added: 1, deleted: 0, binary: false }],
      ['run', 'executable', { added: 1, deleted: 0, binary: false }],
      ['sub', 'submodule', { added: 0, deleted: 0, binary: false }],
    ])
    expect(short(second)).toEqual(['modified run +0 -0', 'modified sub +0 -0'])
  })

  it('compares a merge with its first parent, and gives empty commits and octopus merges', async () => {
    const base = repository.write('a', lines(3)).commit()
    const one = repository.write('one', lines(1)).commit('one')
    const two = repository.goTo(base).write('two', lines(2)).commit('two')
    const main = repository.goTo(base).commit('empty')
    const octopus = repository
      .write('one', lines(1))
      .write('two', lines(2))
      .commit('octopus', { parents: [main, one, two] })
    const commits = await read(repository.folder)
    expect(commits.at(-1)).toMatchObject({ sha: octopus, parents: [main, one, two] })
    expect(short(commits.at(-1))).toEqual(['added one +1 -0', 'added two +2 -0'])
    expect(commits.find((commit) => commit.sha === main)?.changes).toEqual([])
    expect(commits.map((commit) => commit.sha)).toHaveLength(5)
  })

  it('keeps names apart whatever bytes they hold', async () => {
    const names = [
      '\xff',
      '%FF',
      '%25FF',
      'line\nfeed',
      'tab\tbed',
      '"quoted"',
      '-dash',
      ' ',
      '\x01mark',
      ':100644 1',
      '3\t4\tx',
      'caf\xc3\xa9',
      'cafe\xcc\x81',
      '\xef\xbb\xbfbom',
      'l'.repeat(250),
    ]
    for (const name of names) repository.write(name, `${name}\n`)
    repository.commit()
    // Renamed, they stand in the two-path form of the diff.
    for (const name of names) repository.remove(name).write(`moved/${name}`, `${name}\n`)
    repository.commit()
    const [first, second] = await read(repository.folder)
    const paths = first?.changes.map((change) => change.path) ?? []
    expect(new Set(paths).size).toBe(names.length)
    expect(paths).toEqual(
      expect.arrayContaining([
        '%FF',
        '%25FF',
        '%2525FF',
        'line\nfeed',
        'tab\tbed',
        '"quoted"',
        '-dash',
        ' ',
        '\x01mark',
        'café',
        'cafe\u0301',
        '\ufeffbom',
      ]),
    )
    expect(first?.changes.every((change) => change.lines.added > 0)).toBe(true)
    expect(second?.changes.map(({ status, from, path }) => `${status} ${path === `moved/${from}` ? 'in place' : 'elsewhere'}`)).toEqual(
      names.map(() => 'renamed in place'),
    )
  })

  it('makes text of authors and messages in other encodings', async () => {
    repository.write('a', '1').commit('plain', { author: ['Zoë 🪨', 'ZOË@example.org'] })
    repository.git('config', 'i18n.commitEncoding', 'ISO-8859-1')
    execFileSync('git', ['-C', repository.folder, 'fast-import', '--quiet', '--date-format=raw'], {
      input: Buffer.from(
        'commit refs/heads/main\nauthor G\xfcnther <g@x> 5 +0000\ncommitter G <g@x> 5 +0000\nencoding ISO-8859-1\ndata 5\nGr\xfc\xdfefrom refs/heads/main^0\n\n' +
          'commit refs/heads/main\nauthor \xff\xfe <\xff@x> 5 +0000\ncommitter G <g@x> 5 +0000\ndata 4\nbad\xff\n\n' +
          `commit refs/heads/main\nauthor <> 99999999999999 +0000\ncommitter G <g@x> 5 +0000\ndata 900\n${'\xf0\x9f\xaa\xa8'.repeat(225)}\n\n`,
        'latin1',
      ),
    })
    const [plain, latin, broken, strange] = await read(repository.folder)
    expect(plain?.author).toEqual({ name: 'Zoë 🪨', email: 'ZOË@example.org' })
    expect(latin).toMatchObject({ author: { name: 'Günther' }, subject: 'Grüße' })
    expect(broken).toMatchObject({ author: { name: '%FF%FE', email: '%FF@x' }, subject: 'bad%FF' })
    expect(strange).toMatchObject({ author: { name: '', email: '' }, authoredAt: '1970-01-01T00:00:00.000Z' })
    expect(strange?.subject.isWellFormed()).toBe(true)
  })

  it('reads a bare clone just the same', async () => {
    repository.write('a', lines(5)).commit()
    repository.remove('a').write('b', lines(5)).commit()
    const bare = mkdtempSync(join(tmpdir(), 'cairn-bare-'))
    try {
      execFileSync('git', ['clone', '--quiet', '--bare', repository.folder, bare], { stdio: 'pipe' })
      expect(await read(bare)).toEqual(await read(repository.folder))
      expect((await openRepository(bare)).id).toBe((await openRepository(repository.folder)).id)
    } finally {
      rmSync(bare, { recursive: true, force: true })
    }
  })

  it('is not swayed by configuration, mailmap or environment', async () => {
    writeFileSync(join(repository.folder, '.mailmap'), 'Else <else@example.org> <ann@example.org>\n')
    repository.write('a', lines(9)).commit()
    repository.remove('a').write('b', lines(9)).commit()
    const before = await read(repository.folder)
    expect(before.map((commit) => commit.author.name)).toEqual(['Ann', 'Ann'])
    for (const [key, value] of Object.entries({
      'diff.renames': 'false',
      'log.mailmap': 'true',
      'diff.noprefix': 'true',
      'color.ui': 'always',
      'core.quotePath': 'true',
      'log.showSignature': 'true',
      'log.showRoot': 'false',
      'format.pretty': 'oneline',
      'diff.orderFile': 'looked-for-in-the-working-tree',
      'core.bigFileThreshold': '1',
      'diff.default.binary': 'true',
    })) {
      repository.git('config', key, value)
    }
    // A grafted commit has no parents but those named here.
    writeFileSync(join(repository.folder, '.git/info/grafts'), `${before[1]?.sha}\n`)
    const other = new SandboxRepository()
    const saved = { ...process.env }
    try {
      process.env['GIT_DIR'] = join(other.folder, '.git')
      process.env['GIT_PAGER'] = 'false'
      expect(await read(repository.folder)).toEqual(before)
    } finally {
      process.env = saved
      other[Symbol.dispose]()
    }
  })

  it('keeps the order of files that git has, whatever order the configuration names', async () => {
    repository.write('a', '1').write('b', '2').commit()
    const before = await read(repository.folder)
    writeFileSync(join(repository.folder, 'order'), 'b\na\n')
    repository.git('config', 'diff.orderFile', join(repository.folder, 'order'))
    expect(before.map(short)).toEqual([['added a +1 -0', 'added b +1 -0']])
    expect(await read(repository.folder)).toEqual(before)
  })

  describe('whatever .gitattributes say, reads the same', () => {
    let before: Commit[] = []
    const attributes = '* binary\n'
    beforeEach(async () => {
      repository.write('x.svg', lines(5)).write('src/y.svg', lines(4)).commit()
      repository
        .write('x.svg', lines(6))
        .remove('src/y.svg')
        .write('src/z.svg', `${lines(4)}more\n`)
        .commit()
      before = await read(repository.folder)
    })

    it('in the working tree, above the files and beside them, also when a folder inside is named', async () => {
      expect(before.flatMap(short)).toEqual([
        'added src/y.svg +4 -0',
        'added x.svg +5 -0',
        'renamed src/y.svg src/z.svg +1 -0',
        'modified x.svg +1 -0',
      ])
      mkdirSync(join(repository.folder, 'src'))
      writeFileSync(join(repository.folder, '.gitattributes'), attributes)
      writeFileSync(join(repository.folder, 'src/.gitattributes'), attributes)
      expect(await read(repository.folder)).toEqual(before)
      expect(await read(join(repository.folder, 'src'))).toEqual(before)
    })

    it('in the index and in commits, in a checkout, a bare clone and a shallow one', async () => {
      writeFileSync(join(repository.folder, '.gitattributes'), attributes)
      repository.write('.gitattributes', attributes).commit('attributes')
      const [first, second, third] = await read(repository.folder)
      expect([first, second]).toEqual(before)
      expect(short(third)).toEqual(['added .gitattributes +1 -0'])
      const folder = mkdtempSync(join(tmpdir(), 'cairn-clones-'))
      try {
        cloneTo('--bare', repository.folder, join(folder, 'bare'))
        expect(await read(join(folder, 'bare'))).toEqual([first, second, third])
        cloneTo('--depth=1', `file://${repository.folder}`, join(folder, 'shallow'))
        expect((await read(join(folder, 'shallow'))).map(short)).toEqual([
          ['added .gitattributes +1 -0', 'added src/z.svg +5 -0', 'added x.svg +6 -0'],
        ])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })

    it('in a linked working tree, and in one that the configuration names', async () => {
      const linked = mkdtempSync(join(tmpdir(), 'cairn-linked-'))
      try {
        repository.git('worktree', 'add', '--quiet', '--detach', join(linked, 'tree'), 'HEAD')
        writeFileSync(join(linked, 'tree/.gitattributes'), attributes)
        expect(await read(join(linked, 'tree'))).toEqual(before)
        writeFileSync(join(linked, '.gitattributes'), attributes)
        renameSync(join(repository.folder, '.git'), join(linked, '.git'))
        execFileSync('git', ['--git-dir', join(linked, '.git'), 'config', 'core.worktree', linked])
        expect(await read(linked)).toEqual(before)
      } finally {
        rmSync(linked, { recursive: true, force: true })
      }
    })
  })

  it('counts the lines of a file that becomes a submodule, and none of a submodule', async () => {
    repository.write('a', lines(7)).submodule('sub', 'a'.repeat(40)).commit()
    repository.submodule('a', 'b'.repeat(40)).write('sub', lines(3)).commit()
    repository.remove('a').remove('sub').commit()
    repository.submodule('sub', 'a'.repeat(40)).commit()
    repository.remove('sub').commit()
    expect((await read(repository.folder)).map(short)).toEqual([
      ['added a +7 -0', 'added sub +0 -0'],
      ['modified a +0 -7', 'modified sub +3 -0'],
      ['deleted a +0 -0', 'deleted sub +0 -3'],
      ['added sub +0 -0'],
      ['deleted sub +0 -0'],
    ])
  })

  it('ends git when the reader leaves early', async () => {
    for (let i = 0; i < 6; i++) repository.write('a', `${i}\n`).commit()
    const { folder, tips } = await openRepository(repository.folder)
    for await (const commit of readGitLog(folder, tips)) {
      expect(commit.changes).toHaveLength(1)
      break
    }
    const stop = new AbortController()
    stop.abort()
    expect(await collect(readGitLog(folder, tips, stop.signal))).toEqual([])
  })
})

describe('openRepository', () => {
  it('gives a repository without commits no tips, and one whose HEAD is unborn those of its branches', async () => {
    using repository = new SandboxRepository()
    expect(await openRepository(repository.folder)).toMatchObject({ tips: [], shallow: false })
    const sha = repository.write('a', '1').commit()
    repository.git('symbolic-ref', 'HEAD', 'refs/heads/nothing-here')
    expect((await openRepository(repository.folder)).tips).toEqual([sha])
  })

  it('reads HEAD, or every branch and tag when asked', async () => {
    using repository = new SandboxRepository()
    const base = repository.write('a', '1').commit()
    const side = repository.write('b', '2').commit()
    repository.git('tag', '--annotate', '--message=t', 'v1', side)
    repository.goTo(base)
    expect((await openRepository(repository.folder)).tips).toEqual([base])
    expect((await openRepository(repository.folder, { allBranches: true })).tips.toSorted()).toEqual([base, side].toSorted())
  })

  it('keeps its id when another history is merged in', async () => {
    using repository = new SandboxRepository()
    const main = repository.write('a', '1').commit()
    const { id } = await openRepository(repository.folder)
    const other = repository.write('b', '2').commit('root', { parents: [] })
    repository
      .goTo(main)
      .write('b', '2')
      .commit('merge', { parents: [main, other] })
    expect((await openRepository(repository.folder)).id).toBe(id)
  })

  it('says so when a clone is shallow', async () => {
    using repository = new SandboxRepository()
    repository.write('a', '1').commit()
    repository.write('a', '2').commit()
    const clone = mkdtempSync(join(tmpdir(), 'cairn-shallow-'))
    try {
      execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${repository.folder}`, clone], { stdio: 'pipe' })
      expect(await openRepository(clone)).toMatchObject({ shallow: true })
      expect((await read(clone)).map(short)).toEqual([['added a +1 -0']])
    } finally {
      rmSync(clone, { recursive: true, force: true })
    }
  })

  it('gives a shallow clone another id than its whole history, even where it reaches the first commit', async () => {
    using repository = new SandboxRepository()
    const root = repository.write('a', '1').commit()
    for (const n of [2, 3, 4, 5]) repository.write('b', String(n)).commit()
    const side = repository.write('b', '6').commit()
    repository
      .goTo(root)
      .write('b', '6')
      .commit('merge', { parents: [root, side] })
    const clone = mkdtempSync(join(tmpdir(), 'cairn-shallow-'))
    try {
      execFileSync('git', ['clone', '--quiet', '--depth=3', `file://${repository.folder}`, clone], { stdio: 'pipe' })
      const cut = await openRepository(clone)
      expect(cut).toMatchObject({ shallow: true, id: expect.stringMatching(/^git-shallow-[0-9a-f]{16}$/) })
      execFileSync('git', ['-C', clone, 'fetch', '--quiet', '--unshallow'], { stdio: 'pipe' })
      const { id } = await openRepository(repository.folder)
      expect(await openRepository(clone)).toMatchObject({ shallow: false, id })
      expect(cut.id).not.toBe(id)
    } finally {
      rmSync(clone, { recursive: true, force: true })
    }
  })

  it('explains what is wrong with a path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-none-'))
    try {
      await expect(openRepository(join(folder, 'absent'))).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' })
      await expect(openRepository(folder)).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY', message: expect.stringContaining(folder) })
      writeFileSync(join(folder, 'file'), '')
      await expect(openRepository(join(folder, 'file'))).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('says that git is missing', async () => {
    const path = process.env['PATH']
    try {
      process.env['PATH'] = '/nowhere'
      await expect(openRepository('.')).rejects.toMatchObject({ code: 'GIT_MISSING' })
    } finally {
      process.env['PATH'] = path
    }
  })
})
