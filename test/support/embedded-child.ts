import { binariesIn, startEmbeddedPostgres } from '@cairn/infra/embedded'

/**
 * A program of its own that runs an embedded server: `embedded-child.ts <data folder> [<folder of programs>]`. Prints one
 * line of JSON when the server is up, or when it is refused; stops the server when its input ends; is there to be killed.
 */
const [dataDir = '', programs] = process.argv.slice(2)
try {
  const server = await startEmbeddedPostgres({ dataDir, ...(programs === undefined ? {} : { binaries: await binariesIn(programs) }) })
  console.log(JSON.stringify({ url: server.url, port: server.port, attached: server.attached }))
  process.stdin.resume().on('end', () => void server.stop())
} catch (error) {
  console.log(JSON.stringify({ refused: error instanceof Error ? error.message : String(error) }))
}
