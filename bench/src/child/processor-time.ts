import { readFileSync } from 'node:fs'
import type { Client } from 'pg'

/** Seconds of processor time; unlike a rate it hardly depends on what else the machine does. */
export interface ProcessorTime {
  /** Of this process. */
  readonly client: number
  /** Of the server's processes for this database; undefined where they cannot be seen (another machine, not Linux). */
  readonly server: ReadonlyMap<number, number> | undefined
}

/** @param observer a connection to the database, not counted itself */
export async function processorTime(observer: Client): Promise<ProcessorTime> {
  const { user, system } = process.cpuUsage()
  const { rows } = await observer.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  try {
    return { client: (user + system) / 1e6, server: new Map(rows.map(({ pid }) => [pid, secondsOf(pid)])) }
  } catch {
    return { client: (user + system) / 1e6, server: undefined }
  }
}

/** What was used between two looks. */
export function usedBetween(before: ProcessorTime, after: ProcessorTime): { readonly client: number; readonly server: number | undefined } {
  const client = after.client - before.client
  if (before.server === undefined || after.server === undefined) return { client, server: undefined }
  let server = 0
  for (const [pid, seconds] of after.server) server += seconds - (before.server.get(pid) ?? 0)
  return { client, server }
}

const ticksPerSecond = 100

function secondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  if (!stat.includes('postgres')) throw new Error(`Process ${pid} is not PostgreSQL's: the server runs elsewhere.`)
  // Behind the name in parentheses, which may hold spaces: fields 14 and 15 of the whole are user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
