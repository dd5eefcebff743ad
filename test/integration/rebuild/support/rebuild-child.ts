import { rebuild } from '@cairn/projections'
import config from '../fixtures/cairn.config.ts'

/** A process of its own that rebuilds everything in small commits, to be killed; prints the outcomes. */
const host = await config.openProjectionHost()
const { outcomes } = await rebuild(host, {
  all: true,
  tuning: { pageSize: 100, flushEveryMs: 0, leaseMs: 500 },
  ...(process.argv[2] === 'tenant' ? { tenant: 'acme' } : {}),
})
console.log(
  JSON.stringify(outcomes.map(({ projection, status, events, error }) => ({ projection, status, events, error: error?.message }))),
)
await host.close()
