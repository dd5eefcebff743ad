import { providePostgres } from '@cairn/testing/services'

/** The server to measure against: the one named, or one that the test services bring. */
export interface Server {
  readonly url: string
  close(): Promise<void>
}

/** @param url a superuser's address; without one a throwaway server with durability on, of PostgreSQL's default settings */
export async function openServer(url: string | undefined, settings: Readonly<Record<string, string>> = {}): Promise<Server> {
  if (url !== undefined) return { url, close: async () => undefined }
  const service = await providePostgres({ settings: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', ...settings } })
  return { url: service.url, close: () => service.stop() }
}
