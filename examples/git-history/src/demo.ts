import { resolve } from 'node:path'
import { parseDemoOptions } from './demo/demo-options.ts'
import { runDemo } from './demo/run-demo.ts'
import { screenOn } from './demo/screen.ts'
import { keepHeapSmall } from './demo/small-heap.ts'

keepHeapSmall()

const checkout = resolve(import.meta.dirname, '../../..')
const options = parseDemoOptions(process.argv.slice(2), { repo: checkout, data: resolve(checkout, '.cairn/demo') })
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
  const { stopped, document } = await runDemo(
    { ...options, from, repo: resolve(from, options.repo), data: resolve(from, options.data) },
    screen,
    stop.signal,
  )
  if (options.json) process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`)
  if (stopped) {
    screen.print()
    screen.print('Stopped. What was imported is kept; the same command goes on from there.')
    process.exitCode = 130
  }
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
