#!/usr/bin/env node
import { constants, setPriority } from 'node:os'
import { loadHost } from './load-host.ts'
import { runCommand } from './run-command.ts'
import { screenOn } from './screen.ts'

/** How long whatever the user's code left open may keep the process. */
const lingerMs = 5_000
/** How long the commit that is under way may take after the first signal. */
const patienceMs = 10_000

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second one means it.
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
    // A build that is killed goes on as well as one that ended by itself.
    setTimeout(() => process.exit(130), patienceMs).unref()
  })
}

if (!process.argv.includes('--no-throttle')) {
  try {
    // Writers on the same machine come first.
    setPriority(process.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // A wish, not a need.
  }
}

process.exitCode = await runCommand(process.argv.slice(2), {
  screen: screenOn(process.stdout, process.stderr),
  loadHost: (config) => loadHost(process.env['INIT_CWD'] ?? process.cwd(), config),
  signal: stop.signal,
})
setTimeout(() => process.exit(), lingerMs).unref()
