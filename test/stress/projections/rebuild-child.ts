import { rebuild } from '@cairn/projections'
import config from './cairn.config.ts'
import { childSettings } from './child-settings.ts'

/** Rebuilds everything in small steps, verified, with a lease that is soon free again when the process is killed. */
const host = await config.openProjectionHost()
const { outcomes } = await rebuild(host, {
  all: true,
  verify: true,
  throttle: false,
  tuning: { pageSize: 500, flushEveryMs: 0, leaseMs: childSettings().leaseMs ?? 500 },
})
await host.close()
process.exitCode = outcomes.every(({ status }) => status === 'rebuilt') ? 0 : 1
