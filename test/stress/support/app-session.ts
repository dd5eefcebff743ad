import type { EventToStore, StreamKey } from '@cairn/core'
import type { PgDatabase } from '@cairn/infra/pg'
import { Client } from 'pg'
import type { CheckDatabase } from './check-database.ts'

export interface AppSessionAnswer {
  /** As db/functions/031-append-one.sql numbers them: 1 is appended. */
  readonly outcome: number
  /** Of the stream before the append. */
  readonly version: string
  readonly positions: readonly number[] | null
}

interface Options {
  /** @default -1, any */
  readonly expected?: number
  /** How long to wait for a held stream; 0 answers busy. @default 10_000 */
  readonly waitMs?: number
}

/** A connection of its own as the application's login that calls append_one by raw SQL, in transactions as odd as one likes. */
export class AppSession {
  readonly client: Client
  readonly #schema: string
  readonly #signer: PgDatabase['signer']

  private constructor(client: Client, schema: string, signer: PgDatabase['signer']) {
    this.client = client
    this.#schema = schema
    this.#signer = signer
  }

  static async open(database: CheckDatabase, signer: PgDatabase['signer'], schema: string = database.schema): Promise<AppSession> {
    const client = new Client({ connectionString: database.appUrl, application_name: 'cairn stress session' })
    // A session that the server ends says so at its next query.
    client.on('error', () => undefined)
    await client.connect()
    return new AppSession(client, schema, signer)
  }

  async run(statement: string): Promise<void> {
    await this.client.query(statement)
  }

  /** No receipts: what is sent twice is stored twice. */
  async append(
    stream: StreamKey,
    events: readonly EventToStore[],
    { expected = -1, waitMs = 10_000 }: Options = {},
  ): Promise<AppSessionAnswer> {
    const context = this.#signer.sign([stream.tenantId])
    const { rows } = await this.client.query<AppSessionAnswer>({
      name: `append_${this.#schema}`,
      text: `select outcome, version, positions from ${this.#schema}.append_one($1, $2, $3, $4, $5, $6, $7, '{}', '{}', '{}', '{}', '{}',
               $8, $9, $10, $11, null, null, null)`,
      values: [
        context.text,
        context.signature,
        stream.tenantId,
        stream.aggregateType,
        stream.aggregateId,
        expected,
        waitMs,
        events.map((event) => event.id),
        events.map((event) => event.type),
        events.map((event) => JSON.stringify(event.payload)).join('\u001E'),
        events.map((event) => JSON.stringify(event.metadata)).join('\u001E'),
      ],
    })
    const answer = rows[0]
    if (answer === undefined) throw new Error('append_one gave no answer.')
    return answer
  }

  /** As `append`, and anything but appended is an error. */
  async mustAppend(stream: StreamKey, events: readonly EventToStore[]): Promise<void> {
    const { outcome } = await this.append(stream, events)
    if (outcome !== 1) throw new Error(`append_one answered ${outcome} where it had to append.`)
  }

  async pid(): Promise<number> {
    const { rows } = await this.client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return rows[0]?.pid ?? 0
  }

  close(): Promise<void> {
    return this.client.end()
  }
}
