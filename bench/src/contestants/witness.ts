import { Client } from 'pg'

/** What a system holds, as a superuser counts it. */
export interface Stored {
  readonly events: number
  /** Receipts of commands, where the system keeps them. */
  readonly receipts: number | undefined
  /** Streams whose versions are not 1..n. */
  readonly brokenStreams: number
}

/** Counts as a superuser, beside the system under measurement: what a system says about itself is not evidence. */
export class Witness {
  readonly #client: Client
  readonly #sql: { readonly events: string; readonly receipts?: string; readonly brokenStreams: string }

  private constructor(client: Client, sql: { readonly events: string; readonly receipts?: string; readonly brokenStreams: string }) {
    this.#client = client
    this.#sql = sql
  }

  /** Each statement returns one number. */
  static async open(
    url: string,
    sql: { readonly events: string; readonly receipts?: string; readonly brokenStreams: string },
  ): Promise<Witness> {
    const client = new Client({ connectionString: url, application_name: 'bench-witness' })
    await client.connect()
    return new Witness(client, sql)
  }

  async stored(): Promise<Stored> {
    return {
      events: await this.#number(this.#sql.events),
      receipts: this.#sql.receipts === undefined ? undefined : await this.#number(this.#sql.receipts),
      brokenStreams: await this.#number(this.#sql.brokenStreams),
    }
  }

  /** For looks at the server beside the counts. */
  get client(): Client {
    return this.#client
  }

  async #number(sql: string): Promise<number> {
    const { rows } = await this.#client.query<{ n: string }>(sql)
    return Number(rows[0]?.n ?? Number.NaN)
  }

  async close(): Promise<void> {
    await this.#client.end()
  }
}
