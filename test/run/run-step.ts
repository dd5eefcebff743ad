import { spawn } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { root, type Step } from './steps.ts'
import { readVitestReport } from './vitest-report.ts'

export interface StepResult {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly seconds: number
  /** Test files that ran, absolute. */
  readonly files: readonly string[]
  /** What is wrong beside failed tests: each counts as a failure. */
  readonly problems: readonly string[]
  /** What passed, and is worth a look. */
  readonly warnings: readonly string[]
}

export async function runStep(step: Step, vitestArguments: readonly string[]): Promise<StepResult> {
  console.log(`\n=== ${step.title}`)
  const started = performance.now()
  const outcome = step.vitest === true ? await runVitest(step, vitestArguments) : await runCheck(step)
  const seconds = (performance.now() - started) / 1_000
  console.log(`=== ${step.name}: ${outcome.failed + outcome.problems.length === 0 ? 'ok' : 'FAILED'} (${seconds.toFixed(1)} s)`)
  return { name: step.name, seconds, ...outcome }
}

type Outcome = Omit<StepResult, 'name' | 'seconds'>

async function runCheck(step: Step): Promise<Outcome> {
  const ok = (await runScript(step, step.args)) === 0
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, files: [], problems: [], warnings: [] }
}

async function runVitest(step: Step, vitestArguments: readonly string[]): Promise<Outcome> {
  const folder = join(root, 'node_modules/.cache/cairn-test')
  const reportPath = join(folder, `${step.name}.json`)
  await mkdir(folder, { recursive: true })
  // An old report must never be taken for this run's.
  await rm(reportPath, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
  const code = await runScript(step, [...step.args, ...reporters, ...vitestArguments])
  const text = await readFile(reportPath, 'utf8').catch(() => undefined)
  if (text === undefined)
    return { passed: 0, failed: 0, files: [], problems: [`vitest ended with code ${code} and no report`], warnings: [] }
  const { passed, failed, skipped, retried, files } = readVitestReport(text)
  const problems = [
    // With arguments a choice of tests was asked for, and vitest calls the others skipped.
    ...(vitestArguments.length === 0 ? skipped : []),
    ...(code !== 0 && failed === 0 ? [`vitest ended with code ${code} although no test failed: see the errors above`] : []),
    ...(passed + failed === 0 ? ['no test ran'] : []),
  ]
  return { passed, failed, files, problems, warnings: retried }
}

function runScript(step: Step, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, step.script), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...step.env },
    })
    child.on('error', (error) => {
      console.log(error.message)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      if (signal !== null) console.log(`${step.script} was ended by ${signal}`)
      resolve(code ?? 1)
    })
  })
}
