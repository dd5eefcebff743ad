import { worker } from '@cairn/cairn'
import config from './cairn.config.ts'
import { serveHealth } from './serve-health.ts'
import { healthPort } from './settings.ts'

// SIGTERM ends it: nothing new is taken, what is under way is finished, leases are given back, and node exits with 0.
await using closing = new AsyncDisposableStack()
await worker(config, {
  started: async (app) => {
    const close = await serveHealth(app, healthPort(process.env))
    closing.defer(close)
  },
})
