import { realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { runProgram } from '@cairn/infra/embedded'
import { ServiceUnavailableError } from '../service-unavailable-error.ts'
import { unpackPgBouncer } from './unpack-pgbouncer.ts'

/** A command that runs PgBouncer: the program and what comes before its own arguments. */
export interface PgBouncerProgram {
  readonly file: string
  readonly args: readonly string[]
  /** As `1.24.1`. */
  readonly version: string
}

/** The first version that keeps prepared statements across a pool of transactions. */
const oldest = [1, 21] as const

/**
 * PgBouncer on the PATH, or out of Debian's newest release by apt.
 *
 * @throws ServiceUnavailableError
 */
export async function findPgBouncer(): Promise<PgBouncerProgram> {
  const refusals: string[] = []
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']) {
    const file = await realpath(join(folder, 'pgbouncer')).catch(() => undefined)
    const program = file === undefined ? undefined : await probe(file, [])
    if (typeof program === 'object') return program
    if (program !== undefined) refusals.push(program)
  }
  const unpacked = await unpackPgBouncer()
  const program = typeof unpacked === 'string' ? unpacked : await probe(unpacked.file, unpacked.args)
  if (typeof program === 'object') return program
  throw new ServiceUnavailableError(
    'pgbouncer',
    `No PgBouncer for the tests: ${[...refusals, program].join('; ')}. Install PgBouncer ${oldest.join('.')} or newer so that it is on the PATH.`,
  )
}

async function probe(file: string, args: readonly string[]): Promise<PgBouncerProgram | string> {
  const { output } = await runProgram({ file, args: [...args, '--version'] })
  const [version, major, minor] = /PgBouncer (\d+)\.(\d+)[.\d]*/.exec(output) ?? []
  if (version === undefined) return `${file} does not run: ${output.trim()}`
  const isNewEnough = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
  return isNewEnough
    ? { file, args, version: version.replace('PgBouncer ', '') }
    : `${file} is ${version}, which has no prepared statements`
}
