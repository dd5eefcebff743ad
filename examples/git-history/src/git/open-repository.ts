import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { GitError } from './git-error.ts'
import { gitOutput } from './run-git.ts'

export interface Repository {
  /** The checkout's top folder, or the bare repository itself. */
  readonly folder: string
  /** The commits to read from: HEAD, or what the branches and tags point to. Empty when there are no commits yet. */
  readonly tips: readonly string[]
  /**
   * A name that clones share and that stays when the folder moves: taken from the first commit of HEAD's main line.
   * Merging another repository's history does not change it. A shallow clone is named after all places where it was cut: the
   * history behind them reads differently once they are there.
   */
  readonly id: string
  /** Part of the history is not here (`git clone --depth`); what is here can be read. */
  readonly shallow: boolean
}

export interface OpenOptions {
  /** Read every branch and tag, not only what HEAD reaches. @default false */
  readonly allBranches?: boolean
}

/**
 * Looks at a repository: a checkout, a folder inside one, or a bare repository.
 * @throws GitError when git is missing or too old, or the folder is no repository that git would read
 */
export async function openRepository(path: string, options: OpenOptions = {}): Promise<Repository> {
  const asked = resolve(path)
  await checkVersion(asked)
  const [bare, shallow] = (await gitOutput(asked, ['rev-parse', '--is-bare-repository', '--is-shallow-repository'])).split('\n')
  const folder = await gitOutput(asked, ['rev-parse', ...(bare === 'true' ? ['--absolute-git-dir'] : ['--show-toplevel'])])
  const tips = await tipsOf(folder, options.allBranches ?? false)
  return { folder, tips, id: shallow === 'true' ? await shallowIdOf(folder, tips) : await idOf(folder, tips), shallow: shallow === 'true' }
}

/** @throws GitError when there is no such commit */
export async function resolveCommit(folder: string, name: string): Promise<string> {
  return gitOutput(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]).catch(() => {
    throw new GitError('UNKNOWN_COMMIT', `${folder} has no commit "${name}".`)
  })
}

async function checkVersion(folder: string): Promise<void> {
  const text = await gitOutput(process.cwd(), ['version'])
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? []
  const version = Number(major) * 1000 + Number(minor)
  // --diff-merges came with 2.31.
  if (version < 2_031) throw new GitError('GIT_TOO_OLD', `${text} cannot read ${folder} in the way needed. Install git 2.31 or newer.`)
}

async function tipsOf(folder: string, allBranches: boolean): Promise<readonly string[]> {
  const head = await resolveCommit(folder, 'HEAD').catch(() => undefined)
  if (head !== undefined && !allBranches) return [head]
  const format = '--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname)'
  const refs = await gitOutput(folder, ['for-each-ref', format, 'refs/heads', 'refs/remotes', 'refs/tags'])
  const commits = new Set<string>(head === undefined ? [] : [head])
  for (const ref of refs.split('\n')) {
    // An annotated tag stands for what it points to, and that may be no commit.
    const [type, sha, tagged, target] = ref.split(' ')
    if (type === 'commit' && sha !== undefined) commits.add(sha)
    if (tagged === 'commit' && target !== undefined) commits.add(target)
  }
  return [...commits]
}

async function idOf(folder: string, tips: readonly string[]): Promise<string> {
  const [head] = tips
  if (head === undefined) return 'git-empty'
  const first = await gitOutput(folder, ['rev-list', '--first-parent', '--max-parents=0', head, '--'])
  return `git-${first.slice(0, 16)}`
}

async function shallowIdOf(folder: string, tips: readonly string[]): Promise<string> {
  const first = await gitOutput(folder, ['rev-list', '--max-parents=0', ...tips, '--'])
  return `git-shallow-${createHash('sha256').update(first.split('\n').toSorted().join()).digest('hex').slice(0, 16)}`
}
