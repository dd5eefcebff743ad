import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Machine {
  /** Share of the processors that other programs used just before the run, 0..1: above a tenth or so the figures are noisy. */
  readonly foreignLoad: number
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly os: string
  readonly postgres: Readonly<Record<string, string>>
}

export function machineOf(postgres: Readonly<Record<string, string>>, foreignLoad: number): Machine {
  return {
    foreignLoad: Math.round(foreignLoad * 100) / 100,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    postgres,
  }
}

/** Watches the processors for a second while nothing of ours runs. */
export async function measureForeignLoad(): Promise<number> {
  const before = processorTimes()
  await sleep(1000)
  const after = processorTimes()
  return 1 - (after.idle - before.idle) / (after.all - before.all)
}

function processorTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times)
  const sum = (pick: (t: (typeof times)[number]) => number): number => times.reduce((total, t) => total + pick(t), 0)
  return { idle: sum((t) => t.idle), all: sum((t) => t.idle + t.user + t.nice + t.sys + t.irq) }
}

const packages = [
  '@event-driven-io/emmett',
  '@event-driven-io/emmett-postgresql',
  'evtstore',
  'pg',
  'postgres',
  'knex',
  '@temporalio/worker',
  '@cairn/cairn',
] as const

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
