import { ServiceUnavailableError } from '../service-unavailable-error.ts'
import { fromBinary } from './from-binary.ts'
import { fromContainer } from './from-container.ts'
import { fromEmbedded } from './from-embedded.ts'
import { fromEnvironment } from './from-environment.ts'
import { postgresKinds, type PostgresKind, type PostgresService, type PostgresSource } from './postgres-service.ts'

export interface ProvidePostgresOptions {
  /** Only this way; when it is closed, that is an error. @default CAIRN_TEST_POSTGRES, else the first open one */
  readonly kind?: PostgresKind
  /** PostgreSQL settings over those for tests. Durability stays on unless turned off here. */
  readonly settings?: Readonly<Record<string, string>>
  /** Takes the one line that says which server was chosen, and one for each way that should have been open. @default standard error */
  readonly log?: (line: string) => void
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}

const sources: Readonly<Record<PostgresKind, PostgresSource>> = {
  environment: fromEnvironment,
  container: fromContainer,
  binary: fromBinary,
  embedded: fromEmbedded,
}

/** Test files run side by side, each with its own pools. */
const testSettings = { max_connections: '300' }

/**
 * A PostgreSQL server for tests, from the first of: the address in CAIRN_TEST_DATABASE_URL (superuser), a container
 * of CAIRN_TEST_POSTGRES_IMAGE when a Docker engine answers, programs installed on this machine, programs from npm.
 * CAIRN_TEST_POSTGRES names one of `environment`, `container`, `binary`, `embedded` and allows no other.
 *
 * @throws ServiceUnavailableError
 */
export async function providePostgres(options: ProvidePostgresOptions = {}): Promise<PostgresService> {
  const env = options.env ?? process.env
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`))
  const forced = options.kind ?? forcedByEnvironment(env['CAIRN_TEST_POSTGRES'])
  const request = { env, settings: { ...testSettings, ...options.settings } }
  const refusals: string[] = []
  for (const kind of forced === undefined ? postgresKinds : [forced]) {
    const found = await attempt(sources[kind], request)
    if ('url' in found) {
      const service = { ...found, kind }
      log(`Test PostgreSQL: ${kind}, version ${service.version}, at ${withoutPassword(service.url)}.`)
      return service
    }
    refusals.push(`${kind}: ${found.refusal}`)
    // An address that was given and a Docker engine that answered were meant to be used: say why they are not.
    if (found.broken && forced === undefined) {
      if (kind === 'environment') throw unavailable(`the server of CAIRN_TEST_DATABASE_URL does not answer: ${found.refusal}`, found.cause)
      log(`Test PostgreSQL: ${kind} passed over: ${found.refusal}`)
    } else if (forced !== undefined) {
      throw unavailable(`only "${kind}" was allowed, and it failed: ${found.refusal}`, found.cause)
    }
  }
  throw unavailable(`${refusals.join('; ')}. Give an address in CAIRN_TEST_DATABASE_URL, or install PostgreSQL.`)
}

interface Refusal {
  readonly refusal: string
  /** True when the way was open and failed. */
  readonly broken: boolean
  readonly cause?: unknown
}

async function attempt(source: PostgresSource, request: Parameters<PostgresSource>[0]): Promise<Omit<PostgresService, 'kind'> | Refusal> {
  try {
    const found = await source(request)
    return typeof found === 'string' ? { refusal: found, broken: false } : found
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error), broken: true, cause: error }
  }
}

function forcedByEnvironment(name: string | undefined): PostgresKind | undefined {
  if (name === undefined || name === '') return undefined
  const kind = postgresKinds.find((known) => known === name)
  if (kind === undefined) throw unavailable(`CAIRN_TEST_POSTGRES is "${name}", but must be one of ${postgresKinds.join(', ')}`)
  return kind
}

function unavailable(problem: string, cause?: unknown): ServiceUnavailableError {
  return new ServiceUnavailableError('postgres', `No PostgreSQL server for the tests: ${problem}`, cause)
}

function withoutPassword(url: string): string {
  const { hostname, port } = new URL(url)
  return `${hostname}:${port === '' ? '5432' : port}`
}
