import { spawn } from 'node:child_process'
import type { Buffer } from 'node:buffer'
import { GitError } from './git-error.ts'

/** Where git keeps a repository, and a folder that it shall take for the working tree, in place of what it finds by itself. */
export interface GitPlace {
  readonly gitDir: string
  readonly workTree: string
}

/**
 * Runs git in a folder and yields what it prints, chunk by chunk. A slow reader pauses git (the pipe fills); a reader
 * that leaves early ends it, and so does `signal`: then the output just ends.
 * @throws GitError when git is missing or fails
 */
export async function* runGit(
  folder: string,
  args: readonly string[],
  signal?: AbortSignal,
  place?: GitPlace,
): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn('git', ['--no-pager', '--no-replace-objects', '-C', place?.workTree ?? folder, ...fixedConfig, ...args], {
    env: { ...cleanEnvironment(process.env), ...(place && { GIT_DIR: place.gitDir, GIT_WORK_TREE: place.workTree }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    // In a group of its own: Ctrl-C is for us, and we end git when we stop reading.
    detached: process.platform !== 'win32',
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 4_000) complaint += text
  })
  const closed = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, killedBy) => resolve(code ?? killedBy))
  })
  // Awaited below; until then a failed spawn must not count as unhandled.
  closed.catch(() => undefined)
  let finished = false
  const abort = (): void => void child.kill()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    if (signal?.aborted === true) abort()
    for await (const chunk of child.stdout) {
      if (signal?.aborted === true) break
      yield chunk
    }
    finished = true
  } finally {
    signal?.removeEventListener('abort', abort)
    if (!finished) child.kill()
  }
  const status = await closed.catch((error: unknown) => {
    throw spawnFailure(error, folder)
  })
  if (status !== 0 && signal?.aborted !== true) throw failureOf(complaint.trim(), folder, args, status)
}

/** All of what a git command prints, for commands that print little. */
export async function gitOutput(folder: string, args: readonly string[]): Promise<string> {
  let text = ''
  for await (const chunk of runGit(folder, args)) text += chunk.toString('utf8')
  return text.trim()
}

// What a user's configuration could change in the output of the commands used here.
const fixedConfig = [
  'core.quotePath=false',
  'core.attributesFile=',
  // Larger files count as binary; this is git's own limit.
  'core.bigFileThreshold=512m',
  // Of files without attributes: whether they are binary, their content says.
  'diff.default.binary=auto',
  // Since git 2.43: a commit to take attributes from. Said here, it also stops those of HEAD in bare repositories (2.43 to 2.45).
  'attr.tree=',
  'i18n.logOutputEncoding=UTF-8',
  'log.showRoot=true',
  'log.showSignature=false',
  // git would say it of GIT_GRAFT_FILE below, before what is really wrong.
  'advice.graftFileDeprecated=false',
].flatMap((setting) => ['-c', setting])

// These only say where configuration is found; it may hold the safe.directory entry that lets git read the repository.
const kept = /^GIT_CONFIG(_GLOBAL|_SYSTEM|_NOSYSTEM|_COUNT|_KEY_\d+|_VALUE_\d+|_PARAMETERS)$/

/** Without GIT_DIR and its like, which would point git at another repository than the one asked for. */
function cleanEnvironment(from: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = Object.entries(from).filter(([name]) => !name.startsWith('GIT_') || kept.test(name))
  return {
    ...Object.fromEntries(entries),
    LC_ALL: 'C',
    LANGUAGE: '',
    GIT_ATTR_NOSYSTEM: '1',
    // Like replace refs, but in a file that is never cloned: other parents than the commits have.
    GIT_GRAFT_FILE: '/dev/null',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
  }
}

function spawnFailure(error: unknown, folder: string): GitError {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return new GitError('GIT_MISSING', 'The command "git" was not found. Install git 2.31 or newer and put it on the PATH.', error)
  }
  return new GitError('GIT_FAILED', `git could not be started for ${folder}.`, error)
}

function failureOf(complaint: string, folder: string, args: readonly string[], status: unknown): GitError {
  if (/dubious ownership|safe\.directory/.test(complaint)) {
    return new GitError(
      'REPOSITORY_NOT_TRUSTED',
      `git does not trust ${folder}, because it belongs to another user. If you do: git config --global --add safe.directory '${folder}'`,
    )
  }
  if (/not a git repository|cannot change to/i.test(complaint)) {
    return new GitError('NOT_A_REPOSITORY', `${folder} is not a git repository. Name the folder of a checkout or of a bare repository.`)
  }
  if (/unknown revision|bad revision|bad object|Needed a single revision|not a valid object name/i.test(complaint)) {
    return new GitError('UNKNOWN_COMMIT', `${folder} has no such commit: ${args.at(-1) ?? ''}`)
  }
  return new GitError('GIT_FAILED', `git ${args[0] ?? ''} failed in ${folder} (${String(status)}): ${complaint || 'it gave no reason'}`)
}
