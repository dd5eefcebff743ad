import { randomBytes } from 'node:crypto'
import { dockerEngine } from '../docker-engine.ts'
import type { PostgresSource } from './postgres-service.ts'
import { serverVersion } from './server-version.ts'

/** A container of CAIRN_TEST_POSTGRES_IMAGE, through testcontainers. */
export const fromContainer: PostgresSource = async ({ env, settings }) => {
  if ((await dockerEngine(env)) === undefined) return 'no Docker engine answers'
  const image = env['CAIRN_TEST_POSTGRES_IMAGE'] ?? 'postgres:18'
  const password = randomBytes(16).toString('hex')
  // Loaded only here: it is an optional dependency, and takes a second to load.
  const { GenericContainer, Wait } = await import('testcontainers')
  let said = ''
  const startable = new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand(['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/))
    .withStartupTimeout(120_000)
    .withLogConsumer((stream) => void stream.on('data', (line: unknown) => (said += String(line))))
  const container = await startable.start().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message.trim() : String(error)
    throw new Error(said === '' ? reason : `${reason}; the container said: ${said.trim().slice(-1_000)}`, { cause: error })
  })
  const url = `postgres://postgres:${password}@${container.getHost()}:${container.getMappedPort(5432)}/postgres`
  let stopped: Promise<unknown> | undefined
  const stop = async (): Promise<void> => {
    await (stopped ??= container.stop())
  }
  try {
    // The official image says that it is ready once before it is: its first server only runs the set-up, without TCP.
    return { url, version: await serverVersion(url, 60_000), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
