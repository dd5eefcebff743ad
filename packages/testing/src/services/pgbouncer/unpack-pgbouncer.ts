import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '@cairn/infra/embedded'

/** PgBouncer and all that it links with, C library included: it runs on an older release beside the system's own. */
const packages = [
  'pgbouncer',
  'libaudit1',
  'libc6',
  'libcap-ng0',
  'libcap2',
  'libcares2',
  'libevent-2.1-7t64',
  'libpam0g',
  'libssl3t64',
  'libsystemd0',
  'libzstd1',
  'zlib1g',
]

/**
 * PgBouncer of Debian's newest release, from the mirror that this machine's apt uses, unpacked into a folder of our
 * own (7 MB, a few seconds, kept for the next run). Nothing is installed, no root is needed: Debian 12's own
 * PgBouncer is too old. A text says why it cannot be had.
 */
export async function unpackPgBouncer(): Promise<{ readonly file: string; readonly args: readonly string[] } | string> {
  const home = join(tmpdir(), `cairn-pgbouncer-${process.getuid?.() ?? 0}`)
  const found = await lstat(home).catch(() => undefined)
  // A folder with our name that somebody else made is not to be run from.
  if (found !== undefined && (!found.isDirectory() || found.uid !== process.getuid?.())) return `${home} is not ours; remove it`
  if (found === undefined) {
    const work = await mkdtemp(`${home}.`)
    try {
      const refusal = await download(work)
      if (refusal !== undefined) return refusal
      await rename(join(work, 'root'), home).catch(() => undefined)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
  const libraries = join(home, 'usr/lib')
  for (const architecture of await readdir(libraries)) {
    const loader = (await readdir(join(libraries, architecture)).catch(() => [])).find((name) => /^ld-linux.*\.so\.\d+$/.test(name))
    if (loader !== undefined) {
      const folder = join(libraries, architecture)
      return { file: join(folder, loader), args: ['--library-path', folder, join(home, 'usr/sbin/pgbouncer')] }
    }
  }
  return `${home} holds no C library; remove it`
}

/** Leaves the unpacked packages in `<work>/root`; a text says why not. */
async function download(work: string): Promise<string | undefined> {
  const targets = await runProgram({
    file: 'apt-get',
    args: ['indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(COMPONENT)', 'Identifier: Packages'],
  })
  const mirror = targets.output
    .split('\n')
    .find((line) => line.endsWith(' Debian main'))
    ?.split(' ')[0]
  if (targets.code !== 0 || mirror === undefined) return 'apt with a Debian mirror, which could bring it, is not on this machine'
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await mkdir(join(work, 'root'))
  await mkdir(join(work, 'lists/partial'), { recursive: true })
  await writeFile(join(work, 'status'), '')
  await writeFile(join(work, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} stable main\n`)
  // All of apt's state inside our folder: the machine's own lists and sources stay as they are.
  const state = [
    `Dir::Etc::sourcelist=${join(work, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::State::status=${join(work, 'status')}`,
    `Dir::Cache=${work}`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  const script = 'cd "$1" && shift && apt-get "$@"'
  for (const words of [['update'], ['download', ...packages]]) {
    const { code, output } = await runProgram({ file: '/bin/sh', args: ['-c', script, 'sh', work, ...state, ...words] })
    if (code !== 0) return `apt-get ${words[0]} failed: ${output.trim().split('\n').at(-1)}`
  }
  for (const file of (await readdir(work)).filter((name) => name.endsWith('.deb'))) {
    const { code, output } = await runProgram({ file: 'dpkg-deb', args: ['-x', join(work, file), join(work, 'root')] })
    if (code !== 0) return `dpkg-deb could not unpack ${file}: ${output.trim()}`
  }
  return undefined
}
