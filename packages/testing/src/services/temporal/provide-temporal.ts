import { connect } from 'node:net'
import { ServiceUnavailableError } from '../service-unavailable-error.ts'
import { builtTemporal, downloadedTemporal, installedTemporal } from './temporal-program.ts'
import { startTemporalServer } from './temporal-server.ts'
import {
  temporalKinds,
  type Environment,
  type TemporalKind,
  type TemporalProgramSource,
  type TemporalServerSettings,
  type TemporalService,
} from './temporal-service.ts'

export interface ProvideTemporalOptions extends TemporalServerSettings {
  /** True: a server that can be killed and configured, so none from the environment. @default false */
  readonly own?: boolean | undefined
  /** Takes the one line that says which server was chosen. @default standard error */
  readonly log?: ((line: string) => void) | undefined
  /** @default process.env */
  readonly env?: Environment | undefined
}

const programs: Readonly<Record<Exclude<TemporalKind, 'environment'>, TemporalProgramSource>> = {
  binary: installedTemporal,
  go: builtTemporal,
  download: downloadedTemporal,
}

/**
 * A Temporal server for tests, from the first of: the address in CAIRN_TEST_TEMPORAL (or TEMPORAL_ADDR), a `temporal` program on
 * the PATH or in the user's cache folder, one built by the Go tool, one downloaded by Temporal's testing package.
 *
 * @throws ServiceUnavailableError
 */
export async function provideTemporal(options: ProvideTemporalOptions = {}): Promise<TemporalService> {
  const env = options.env ?? process.env
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`))
  const named = env['CAIRN_TEST_TEMPORAL'] ?? env['TEMPORAL_ADDR'] ?? ''
  if (named !== '' && options.own !== true) return fromEnvironment(named, log)
  const refusals: string[] = []
  for (const kind of temporalKinds) {
    if (kind === 'environment') continue
    const found = await programs[kind](env, log).catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    if (typeof found === 'string') {
      refusals.push(`${kind}: ${found}`)
      continue
    }
    const service = await startTemporalServer(found.program, options)
    log(`Test Temporal: ${kind}, at ${service.address}.`)
    return { ...service, kind }
  }
  throw unavailable(`${refusals.join('; ')}. Give an address in CAIRN_TEST_TEMPORAL, or install the temporal program.`)
}

async function fromEnvironment(address: string, log: (line: string) => void): Promise<TemporalService> {
  if (!(await answers(address))) throw unavailable(`the server of CAIRN_TEST_TEMPORAL does not answer at ${address}`)
  log(`Test Temporal: environment, at ${address}.`)
  const refuse = (): Promise<never> => Promise.reject(unavailable('one from the environment is not ours to end or to start'))
  return { address, namespace: 'default', kind: 'environment', stop: () => Promise.resolve(), kill: refuse, restart: refuse }
}

function answers(address: string): Promise<boolean> {
  const [host, port] = [address.slice(0, address.lastIndexOf(':')), Number(address.slice(address.lastIndexOf(':') + 1))]
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 })
    const end = (answered: boolean) => (): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false))
  })
}

function unavailable(problem: string): ServiceUnavailableError {
  return new ServiceUnavailableError('temporal', `No Temporal server for the tests: ${problem}`)
}
