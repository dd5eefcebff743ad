import { providePostgres } from '@cairn/testing/services'
import { writeFileSync } from 'node:fs'
const a = await providePostgres({ kind: 'binary' })
const b = await providePostgres({ kind: 'embedded' })
writeFileSync('/tmp/tenancy-servers.json', JSON.stringify({ pg15: a.url, pg18: b.url, pid: process.pid }))
setInterval(() => undefined, 60_000)
