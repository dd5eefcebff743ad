import { resolve } from 'node:path'
import { parseDemoOptions } from './demo/demo-options.ts'
import { runDemo } from './demo/run-demo.ts'
import { screenOn } from './demo/screen.ts'

const checkout = resolve(import.meta.dirname, '../../..')
const options = parseDemoOptions(process.argv.slice(2), resolve(checkout, '.cairn/shop'))
// pnpm runs scripts in the checkout; paths are meant from where the user stands.
const from = process.env['INIT_CWD'] ?? process.cwd()
const screen = screenOn(options.json ? process.stderr : process.stdout)

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second one means it.
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  })
}

try {
  const report = await runDemo({ ...options, data: resolve(from, options.data) }, { screen, from, signal: stop.signal })
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  if (stop.signal.aborted) {
    screen.print('\nStopped. What was stored is kept; the same command goes on from there.')
    process.exitCode = 130
  } else if (report.waiting.length > 0 || report.invoices.twice > 0) {
    process.exitCode = 1
  }
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
