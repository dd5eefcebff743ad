import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { generateRepository } from './generate/generate-repository.ts'

const program = new Command('generate')
  .description('Makes a git repository for tests: merges, renames, re-created files, binary files, odd bytes in names.')
  .requiredOption('--out <folder>', 'where to put the bare repository; empty or not there yet')
  .option('--commits <number>', 'how many commits', positive, 1_000)
  .option('--seed <number>', 'the same seed makes the same repository', positive, 1)
  .addHelpText('after', '\nExample:\n  node examples/git-history/src/generate.ts --commits 100000 --out big.git')
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

program.parse()
const options = program.opts<{ out: string; commits: number; seed: number }>()
const started = performance.now()
try {
  await generateRepository({ commits: options.commits, seed: options.seed, folder: resolve(options.out) })
  console.log(`${options.commits} commits in ${options.out} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.')
  return value
}
