/** The server to measure against: the one named, or one that the test services bring. */
export interface Server {
  readonly url: string
  close(): Promise<void>
}

export async function openServer(url: string | undefined): Promise<Server> {
  if (url !== undefined) return { url, close: async () => undefined }
  throw new Error('Pass --url.')
}
