import { Client } from 'pg'
import type { SignedContext } from './two-tenants.ts'

/** A connection of the application's login that belongs to somebody hostile: it notes all that the server ever told it. */
export class AppSession {
  readonly #client: Client
  #seen = ''

  private constructor(client: Client) {
    this.#client = client
  }

  static async open(url: string): Promise<AppSession> {
    const client = new Client({ connectionString: url })
    const session = new AppSession(client)
    client.on('error', () => undefined)
    client.on('notice', (notice) => session.note(notice))
    client.on('notification', (notification) => session.note(notification))
    client.connection.on('copyData', ({ chunk }: { readonly chunk: Buffer }) => session.note([chunk.toString()]))
    await client.connect()
    return session
  }

  /** Everything that came back so far: rows, errors with all their fields, notices. */
  get seen(): string {
    return this.#seen
  }

  /** Runs a statement and returns its rows. */
  async rows(text: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    try {
      const { rows } = await this.#client.query<Record<string, unknown>>(text, [...values])
      this.note(rows)
      return rows
    } catch (error) {
      this.note(error)
      throw error
    }
  }

  /** Runs a statement that may fail. Returns its SQLSTATE, '00000' when it did not. */
  async try(text: string, values: readonly unknown[] = []): Promise<string> {
    try {
      await this.rows(text, values)
      return '00000'
    } catch (error) {
      return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
    }
  }

  /** Enters a context as anybody can: by setting the two settings for the session. */
  async enter({ context, signature }: SignedContext): Promise<void> {
    await this.rows(`select set_config('cairn.context', $1, false), set_config('cairn.signature', $2, false)`, [context, signature])
  }

  /** Runs statements one after the other, whatever becomes of each. */
  async tryAll(statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.try(statement)
  }

  /** Drops what was noted: what a victim saw on this very session is no finding. */
  forget(): void {
    this.#seen = ''
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  /** Adds to what was seen. */
  note(what: unknown): void {
    // An error's own fields are not those that JSON shows.
    this.#seen += `${JSON.stringify(what instanceof Error ? { ...what, message: what.message } : what)}\n`
  }
}
