import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { arch, cpus, platform, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly os: string
  readonly postgres: Readonly<Record<string, string>>
}

export function machineOf(postgres: Readonly<Record<string, string>>): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    postgres,
  }
}

const packages = ['@event-driven-io/emmett', '@event-driven-io/emmett-postgresql', 'evtstore', 'pg', 'postgres', 'knex', '@cairn/cairn'] as const

export function versionsOf(): Readonly<Record<string, string>> {
  const versions: Record<string, string> = { node: process.versions.node }
  for (const name of packages) versions[name] = versionOf(name)
  return versions
}

function versionOf(name: string): string {
  const file = findPackageJSON(name, import.meta.url)
  if (file === undefined) return 'not installed'
  const { version }: { version?: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version ?? 'unknown'
}
