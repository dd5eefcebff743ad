import { providePostgres } from '@cairn/testing/services'
import { Command } from 'commander'
import { createCheckDatabase, type CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import type { OnStep, Verdict } from '../support/verdict.ts'
import { verdictLines } from './print-verdict.ts'
import { progressOn } from './progress.ts'

export interface CommonOptions {
  readonly url?: string
  readonly json?: true
}

/** A command with the options that all checks have. */
export function checkCommand(program: Command, name: string, description: string, examples: readonly string[]): Command {
  return ownServerCommand(program, name, description, examples).option(
    '--url <url>',
    'a superuser address of a server to use; a database of its own is made there and dropped (default: a server of its own)',
  )
}

/** The same for a check that stops its server: nobody else's will do. */
export function ownServerCommand(program: Command, name: string, description: string, examples: readonly string[]): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print the verdict as one JSON document')
    .addHelpText(
      'after',
      `\nExamples:\n${examples.map((example) => `  pnpm stress ${name}${example === '' ? '' : ` ${example}`}`).join('\n')}`,
    )
}

/** Runs a check on a new database, prints its verdict, and sets the exit code: 0 ok, 1 not ok, 130 interrupted. */
export function runCheck(
  name: string,
  options: CommonOptions,
  check: (database: CheckDatabase, onStep: OnStep) => Promise<Verdict>,
): Promise<void> {
  return runOwnServerCheck(name, options, async (onStep, endings) => {
    const url = options.url ?? endings.add(await providePostgres(), (server) => server.stop()).url
    const database = endings.add(await createCheckDatabase(url, 'cairn_stress_command'), ({ drop }) => drop())
    return check(database, onStep)
  })
}

/** The same for a check that starts its servers itself, and hands them to the endings. */
export async function runOwnServerCheck(
  name: string,
  options: CommonOptions,
  check: (onStep: OnStep, endings: Endings) => Promise<Verdict>,
): Promise<void> {
  const endings = new Endings()
  const progress = progressOn(process.stderr, name)
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    progress.end()
    console.error('Interrupted; the databases of this run are dropped.')
    // What is under way fails on its lost connections, ends what it opened, and so comes to the end below.
    void endings.end()
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    progress.step('starting')
    const verdict = await check(progress.step, endings)
    progress.end()
    console.log(options.json === true ? JSON.stringify({ check: name, ...verdict }) : verdictLines(name, verdict))
    process.exitCode = verdict.ok ? 0 : 1
  } catch (error) {
    if (!interrupted) throw error
  } finally {
    progress.end()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await endings.end()
    if (interrupted) process.exitCode = 130
  }
}
