import type { PostgresSource } from './postgres-service.ts'
import { serverVersion } from './server-version.ts'

/** The server whose superuser address is in CAIRN_TEST_DATABASE_URL. */
export const fromEnvironment: PostgresSource = async ({ env }) => {
  const url = env['CAIRN_TEST_DATABASE_URL']
  if (url === undefined || url === '') return 'CAIRN_TEST_DATABASE_URL is not set'
  return { url, version: await serverVersion(url), stop: () => Promise.resolve() }
}
