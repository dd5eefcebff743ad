import { providePostgres } from '@cairn/testing/services'

/** A program of its own that holds a test server, to be killed: prints the server's address and waits. */
const server = await providePostgres({ kind: 'embedded', log: () => undefined })
console.log(server.url)
setInterval(() => undefined, 60_000)
