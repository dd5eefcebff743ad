import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'

export interface TestDatabase {
  /** The server's address with this database in it. */
  readonly url: string
  readonly name: string
  /** Drops it, with the connections that are still open. May be called again. */
  drop(): Promise<void>
}

export interface CreateDatabaseOptions {
  /** The name of a database to copy; nobody may be connected to it. @default an empty database */
  readonly template?: string
  /** The beginning of its name. @default 'cairn_test' */
  readonly prefix?: string
}

/** Makes a database with a name that no other has. A copy of a migrated template takes some 20 milliseconds. */
export async function createDatabase(serverUrl: string, options: CreateDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `${options.prefix ?? 'cairn_test'}_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `create database "${name}" template "${options.template ?? 'template0'}"`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, name, drop: () => onServer(serverUrl, `drop database if exists "${name}" with (force)`) }
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await untilUnused(() => client.query(statement))
  } finally {
    await client.end()
  }
}

/** A template's last session may take a moment to end, after its client was told so. */
async function untilUnused(attempt: () => Promise<unknown>): Promise<void> {
  for (let left = 100; ; left--) {
    try {
      await attempt()
      return
    } catch (error) {
      const inUse = error instanceof Error && 'code' in error && error.code === '55006'
      if (!inUse || left === 0) throw error
      await delay(50)
    }
  }
}
