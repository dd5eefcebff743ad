import { CommanderError } from 'commander'
import { buildProgram } from './cli/build-program.ts'

// Usage errors leave with 2, everything else that goes wrong with 1.
try {
  await buildProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
