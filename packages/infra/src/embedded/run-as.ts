import type { Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DataFolderError, PostgresStartError } from './errors.ts'
import { runProgram, type ProgramCall } from './run-program.ts'

/**
 * As whom the PostgreSQL programs run. They refuse root, so root has two ways: a user namespace in which root bears
 * another number (files stay root's, no account is needed), or an unprivileged account that owns the data folder.
 */
export type RunAs =
  | { readonly kind: 'self' }
  | { readonly kind: 'namespace' }
  | { readonly kind: 'account'; readonly uid: number; readonly gid: number; readonly name: string }

const namespaceCommand = ['unshare', '-U', '--map-user=1000', '--map-group=1000', '--'] as const
const deathSignalCommand = ['setpriv', '--pdeathsig', 'INT', '--'] as const

let namespaceWorks: Promise<boolean> | undefined
let deathSignalWorks: Promise<boolean> | undefined

/**
 * Chooses for a data folder: whom it belongs to decides when it exists.
 *
 * @throws PostgresStartError when we are root and neither way is open.
 */
export async function chooseRunAs(dataDir: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { kind: 'self' }
  const owner = await stat(dataDir).catch(() => undefined)
  if (owner !== undefined && owner.uid !== 0) return { kind: 'account', uid: owner.uid, gid: owner.gid, name: `user ${owner.uid}` }
  namespaceWorks ??= succeeds([...namespaceCommand, 'true'])
  if (await namespaceWorks) return { kind: 'namespace' }
  const account = await unprivilegedAccount()
  if (account !== undefined) return account
  throw new PostgresStartError(
    'PostgreSQL refuses to run as root, user namespaces are not allowed here, and there is no account "postgres" or "nobody" to run it as. ' +
      'Start this program as an ordinary user, or add an account named postgres.',
  )
}

/** True where the kernel can be told to end a process together with its parent (Linux, with util-linux). */
export function hasDeathSignal(): Promise<boolean> {
  deathSignalWorks ??= process.platform === 'linux' ? succeeds([...deathSignalCommand, 'true']) : Promise.resolve(false)
  return deathSignalWorks
}

/** The call that runs a program so. `withParent`: the kernel sends it SIGINT when the thread that started it ends. */
export function callAs(runAs: RunAs, program: string, args: readonly string[], withParent = false): ProgramCall {
  // The signal is set inside the namespace, as the last step before the program: a change of credentials clears it.
  const words = [...(runAs.kind === 'namespace' ? namespaceCommand : []), ...(withParent ? deathSignalCommand : []), program, ...args]
  const [file = program, ...rest] = words
  return { file, args: rest, ...(runAs.kind === 'account' ? { uid: runAs.uid, gid: runAs.gid } : {}) }
}

/**
 * Refuses a path that the account cannot reach: PostgreSQL's own message would not say which folder is closed.
 *
 * @throws DataFolderError naming the closed folder and the remedy.
 */
export async function mustReach(runAs: RunAs, path: string, dataDir: string): Promise<void> {
  if (runAs.kind === 'self') return
  const { uid, gid } = runAs.kind === 'account' ? runAs : { uid: 0, gid: 0 }
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined)
    if (found !== undefined && !mayPass(found, uid, gid)) {
      const who = runAs.kind === 'account' ? runAs.name : 'root in its user namespace'
      throw new DataFolderError(
        `PostgreSQL refuses to run as root and runs as ${who}, which may not pass through ${folder} on the way to ${path}. ` +
          `Choose a place outside that folder, allow passing with "chmod o+x ${folder}", or start this program as an ordinary user.`,
        dataDir,
      )
    }
    if (folder === dirname(folder)) return
  }
}

function mayPass(folder: Stats, uid: number, gid: number): boolean {
  if (folder.uid === uid) return (folder.mode & 0o100) !== 0
  return (folder.mode & (folder.gid === gid ? 0o010 : 0o001)) !== 0
}

async function succeeds(words: readonly string[]): Promise<boolean> {
  const [file = '', ...args] = words
  return (await runProgram({ file, args })).code === 0
}

async function unprivilegedAccount(): Promise<RunAs | undefined> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'))
  for (const wanted of ['postgres', 'nobody']) {
    const [name, , uid, gid] = lines.find(([found]) => found === wanted) ?? []
    if (name !== undefined && uid !== undefined && gid !== undefined) return { kind: 'account', uid: Number(uid), gid: Number(gid), name }
  }
  return undefined
}
