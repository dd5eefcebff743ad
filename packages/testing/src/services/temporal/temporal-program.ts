import { execFile } from 'node:child_process'
import { access, constants, mkdir, readdir, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Environment, TemporalProgramSource } from './temporal-service.ts'

/** The newest version whose module can be installed by the Go tool. */
const goPackage = 'github.com/temporalio/cli/cmd/temporal@v1.5.1'

const fileName = process.platform === 'win32' ? 'temporal.exe' : 'temporal'

/** Programs that were built for tests; shared by all checkouts of this user. */
export function programCache(env: Environment): string {
  const base = env['XDG_CACHE_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'cairn', 'bin')
}

/** The `temporal` program on the PATH, or one that was built before. */
export const installedTemporal: TemporalProgramSource = async (env) => {
  for (const folder of [...(env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== ''), programCache(env)]) {
    const program = await runnable(join(folder, fileName))
    if (program !== undefined) return { program }
  }
  return `there is no "temporal" on the PATH or in ${programCache(env)}`
}

/** Built by the Go tool into the cache folder: minutes the first time, never again. */
export const builtTemporal: TemporalProgramSource = async (env, log) => {
  const folder = programCache(env)
  if ((await goTool(['version'], env)) !== undefined) return 'there is no Go to build it with'
  await mkdir(folder, { recursive: true })
  log(`Test Temporal: building ${goPackage} into ${folder}; this takes some minutes, once.`)
  const failure = await goTool(['install', goPackage], { ...env, GOBIN: folder })
  const program = await runnable(join(folder, fileName))
  return program === undefined ? `"go install ${goPackage}" failed: ${failure}` : { program }
}

/** Downloaded by Temporal's own testing package, from Temporal's own site. */
export const downloadedTemporal: TemporalProgramSource = async (env, log) => {
  const testing = await import('@temporalio/testing').catch(() => undefined)
  if (testing === undefined) return '@temporalio/testing, which could download it, is not installed'
  const folder = programCache(env)
  await mkdir(folder, { recursive: true })
  log(`Test Temporal: downloading a server into ${folder}.`)
  const environment = await testing.TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: folder } },
  })
  await environment.teardown()
  const name = (await readdir(folder)).find((entry) => entry.startsWith('temporal-') && !entry.endsWith('.downloading'))
  const program = name === undefined ? undefined : await runnable(join(folder, name))
  return program === undefined ? `the download left no program in ${folder}` : { program }
}

/** Undefined when it ended well, else the last line of what it said. */
async function goTool(args: readonly string[], env: Environment): Promise<string | undefined> {
  try {
    await promisify(execFile)('go', [...args], { env: { ...env } })
    return undefined
  } catch (error) {
    const said = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : ''
    return lastLine(said) || String(error)
  }
}

async function runnable(path: string): Promise<string | undefined> {
  try {
    const program = await realpath(path)
    await access(program, constants.X_OK)
    return program
  } catch {
    return undefined
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
