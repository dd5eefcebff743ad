import { Transform } from 'node:stream'
import { createDriverFactory, type DriverCommand, type DriverFactory } from '@slonik/driver'
import { Client, type ClientConfig, type QueryConfig } from 'pg'
import QueryStream from 'pg-query-stream'
import { BackendTerminatedError, InvalidInputError } from 'slonik'
import { driverError } from './driver-error.ts'
import { requestCancel, serverAnswers } from './silence.ts'
import { parserLookup } from './type-parsers.ts'

/** First keep-alive after so long idle; the system gives a peer up that does not answer several of them. */
const keepAliveMs = 10_000

type Row = Record<string, unknown>

export interface Patience {
  /** How long a statement may go without an answer, milliseconds. */
  readonly queryTimeoutMs: number
  /**
   * What then. 'fail': the connection counts as lost. 'ask': only if the server does not answer a new connection either; a
   * statement of a user's own may take as long as it needs.
   */
  readonly onSilence: 'fail' | 'ask'
}

/**
 * The driver under slonik: pg, with what slonik's own driver leaves out. A server that is frozen, or a network that swallows
 * everything, answers nothing and closes nothing: so every statement has a limit here, by our clock, and one that reaches it
 * ends its connection and fails as a lost one does. Statements are also cancelled in the server, as far as it can be reached.
 */
export function createPgDriver(url: string, patience: Patience): DriverFactory {
  return createDriverFactory(({ driverConfiguration: { connectionTimeout, typeParsers } }) => {
    const config: ClientConfig = {
      connectionString: url,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      connectionTimeoutMillis: connectionTimeout === 'DISABLE_TIMEOUT' ? 0 : connectionTimeout,
      types: { getTypeParser: parserLookup(typeParsers) },
    }
    return Promise.resolve({
      createPoolClient: ({ clientEventEmitter: events }) => {
        const client = new Client(config)
        const onError = (error: Error): void => void events.emit('error', driverError(error, ''))
        client.on('error', onError)
        client.on('notice', ({ message }) => {
          if (message !== undefined) events.emit('notice', { message })
        })
        return Promise.resolve({
          connect: async () => void (await client.connect()),
          end: () => client.end(),
          query: async (sql, values, options) => {
            const query: QueryConfig = { text: sql, values: values ?? [], ...(options?.name === undefined ? {} : { name: options.name }) }
            try {
              const result = await withPatience(url, patience, client, () => client.query<Row>(query))
              // Without values pg sends a text as it is, and it may hold several statements.
              if (Array.isArray(result)) throw new InvalidInputError('Must not use multiple statements in a single query.')
              const { command, fields, rowCount, rows } = result
              return {
                command: commandOf(command),
                fields: fields.map(({ dataTypeID, name }) => ({ dataTypeId: dataTypeID, name })),
                rowCount,
                rows,
              }
            } catch (error) {
              throw driverError(error, sql)
            }
          },
          stream: (sql, values) => streamRows(client, sql, values),
        })
      },
    })
  })
}

/** @throws BackendTerminatedError when the limit was reached; the connection is gone then */
async function withPatience<T>(url: string, { queryTimeoutMs, onSilence }: Patience, client: Client, send: () => Promise<T>): Promise<T> {
  const silence = Promise.withResolvers<never>()
  let settled = false
  const giveUp = (): void => {
    requestCancel(client)
    // With a statement under way this closes the socket at once.
    void client.end()
    silence.reject(new BackendTerminatedError(new Error(`The database did not answer within ${queryTimeoutMs} ms.`)))
  }
  const look = async (): Promise<void> => {
    const alive = onSilence === 'ask' && (await serverAnswers(url))
    if (settled) return
    if (alive) timer = arm()
    else giveUp()
  }
  const arm = (): NodeJS.Timeout => setTimeout(() => void look(), queryTimeoutMs)
  let timer = arm()
  try {
    return await Promise.race([send(), silence.promise])
  } finally {
    settled = true
    clearTimeout(timer)
  }
}

const commands = new Set<string>(['COPY', 'DELETE', 'INSERT', 'SELECT', 'UPDATE'])

const isCommand = (command: string): command is DriverCommand => commands.has(command)

// slonik names five; of the others (START TRANSACTION, …) nobody reads it.
function commandOf(command: string): DriverCommand {
  return isCommand(command) ? command : 'SELECT'
}

interface RowDescription {
  readonly fields: readonly { readonly dataTypeID: number; readonly name: string }[]
}

/** Rows of a user's stream. Without a limit: how fast they are read is the reader's business. */
function streamRows(client: Client, sql: string, values: unknown[] | undefined): Transform {
  const source = new QueryStream(sql, values)
  const described = source.handleRowDescription
  let fields: readonly { readonly dataTypeId: number; readonly name: string }[] = []
  source.handleRowDescription = (description: RowDescription): void => {
    fields = description.fields.map(({ dataTypeID, name }) => ({ dataTypeId: dataTypeID, name }))
    described(description)
  }
  const rows = new Transform({
    objectMode: true,
    transform(row: unknown, _encoding, done) {
      done(null, { fields, row })
    },
  })
  source.on('error', (error) => rows.destroy(driverError(error, sql)))
  return client.query(source).pipe(rows)
}
