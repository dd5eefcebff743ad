import { Client } from 'pg'

/** Databases of one run on one server, one per system and row, and the server's care between measurements. */
export class Databases {
  readonly #admin: Client
  readonly #url: string
  readonly #made = new Set<string>()
  /** Cairn's schema in these databases. Its roles are named after it, so two runs on one server do not share them. */
  readonly schema = `cairn_bench_${process.pid}`

  private constructor(admin: Client, url: string) {
    this.#admin = admin
    this.#url = url
  }

  /** @param url a superuser's URL */
  static async open(url: string): Promise<Databases> {
    const admin = new Client({ connectionString: url, application_name: 'bench' })
    await admin.connect()
    return new Databases(admin, url)
  }

  /** The server's settings that decide what a figure means. */
  async settings(): Promise<Readonly<Record<string, string>>> {
    const names = [
      'server_version',
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'wal_sync_method',
      'shared_buffers',
      'max_connections',
    ]
    const { rows } = await this.#admin.query<{ name: string; setting: string }>(
      `select name, current_setting(name) as setting from pg_settings where name = any ($1)`,
      [names],
    )
    return Object.fromEntries(rows.map((row) => [row.name, row.setting]))
  }

  /** A fresh database; its URL. */
  async create(name: string): Promise<string> {
    const full = `${this.schema}_${name.replaceAll('-', '_')}`
    await this.#admin.query(`create database "${full}"`)
    this.#made.add(full)
    const url = new URL(this.#url)
    url.pathname = `/${full}`
    return url.href
  }

  /** Statistics are fresh and nothing waits to be written when a measurement begins. */
  async settle(url: string): Promise<void> {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      await client.query('analyze')
    } finally {
      await client.end()
    }
    await this.#admin.query('checkpoint')
  }

  async drop(url: string): Promise<void> {
    const name = new URL(url).pathname.slice(1)
    if (!this.#made.delete(name)) return
    await this.#admin.query(`drop database if exists "${name}" with (force)`)
  }

  async close(): Promise<void> {
    try {
      for (const name of this.#made) await this.#admin.query(`drop database if exists "${name}" with (force)`)
      const { rows } = await this.#admin.query<{ name: string }>('select rolname as name from pg_roles where rolname like $1', [
        `${this.schema.replaceAll('_', String.raw`\_`)}\\_%`,
      ])
      for (const { name } of rows) await this.#admin.query(`drop role if exists "${name}"`)
    } finally {
      await this.#admin.end()
    }
  }
}
