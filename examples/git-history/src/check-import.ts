import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { checkImport } from './check/check-import.ts'

const program = new Command('check-import')
  .description('Imports a generated history twice, once with SIGKILLs on the way, and compares what was stored.')
  .option('--commits <number>', 'how many commits to generate', wholeFrom(1), 2_000)
  .option('--kills <number>', 'how many SIGKILLs', wholeFrom(0), 3)
  .option('--seed <number>', 'the same seed makes the same repository', wholeFrom(1), 1)
  .option('--folder <path>', 'where to work; deleted at the end (default: a temporary folder)')
  .option('--json', 'print the verdict as JSON', false)
  .addHelpText('after', '\nExample:\n  node examples/git-history/src/check-import.ts --commits 100000 --kills 3 --json')
  .showHelpAfterError()
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

program.parse()
const options = program.opts<{ commits: number; kills: number; seed: number; folder?: string; json: boolean }>()
const folder = options.folder === undefined ? await mkdtemp(join(tmpdir(), 'cairn-check-import-')) : resolve(options.folder)
try {
  const verdict = await checkImport({ ...options, folder, say: (text) => process.stderr.write(`${text}\n`) })
  if (options.json) console.log(JSON.stringify(verdict, undefined, 2))
  else for (const [name, value] of Object.entries(verdict)) console.log(`${name.padEnd(20)} ${String(value)}`)
  if (!verdict.ok) process.exitCode = 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`Give a whole number from ${least}.`)
    return value
  }
}
