import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { removeDataFolder } from '@cairn/infra/embedded'
import { generateRepository } from '../generate/generate-repository.ts'
import { Random } from '../generate/random.ts'
import { filesOfCommit } from '../git/files-of-commit.ts'
import { openRepository } from '../git/open-repository.ts'
import { runImport, type RunResult } from './run-import.ts'

export interface CheckOptions {
  readonly commits: number
  readonly kills: number
  readonly seed: number
  /** For the generated repository and the two databases. */
  readonly folder: string
  readonly say: (text: string) => void
}

export interface Verdict {
  readonly ok: boolean
  readonly commits: number
  readonly events: number
  readonly streams: number
  /** The import that nobody disturbed, from the start of the process to its last event. */
  readonly seconds: number
  readonly peakRssMb: number
  readonly commitsPerSecond: number
  readonly generateSeconds: number
  /** SIGKILLs that hit a running import. */
  readonly kills: number
  /** All runs of the disturbed import together. */
  readonly disturbedSeconds: number
  /** Commands of cut-short commits that were answered from their receipts. */
  readonly duplicatesAnswered: number
  /** The disturbed import stored what the other one stored, stream by stream. */
  readonly digestEqual: boolean
  /** Commits and files at the end, as the events tell, equal to git's own. */
  readonly commitsEqual: boolean
  readonly filesEqual: boolean
  /** The rows of all read models are those that the events give, and the same after either import. */
  readonly readModelsEqual: boolean
  readonly readModelRows: number
  readonly digest: string
}

/** Imports one history twice, once with SIGKILLs on the way, and compares what was stored. */
export async function checkImport({ commits, kills, seed, folder, say }: CheckOptions): Promise<Verdict> {
  const repo = join(folder, 'repository.git')
  const [calm, disturbed] = [join(folder, 'calm'), join(folder, 'disturbed')]
  await mkdir(folder, { recursive: true })
  const started = performance.now()
  await generateRepository({ commits, seed, folder: repo })
  const generateSeconds = (performance.now() - started) / 1000
  say(`${commits} commits generated in ${generateSeconds.toFixed(1)} s`)
  try {
    const undisturbed = await runImport({ repo, data: calm, digest: true })
    const importSeconds = undisturbed.result?.report.seconds ?? 0
    say(`undisturbed: ${importSeconds.toFixed(1)} s, ${undisturbed.peakRssMb} MB`)
    const runs = await runDisturbed(repo, disturbed, kills, new Random(seed), say)
    const last = runs.at(-1)
    const truth = await filesAtTip(repo)
    const [one, other] = [undisturbed.result, last?.result]
    const digestEqual = one?.digest !== undefined && one.digest.digest === other?.digest?.digest
    const commitsEqual = one?.commits === commits && other?.commits === commits
    const filesEqual = sameFiles(one?.paths, truth) && sameFiles(other?.paths, truth)
    const tables = [one?.readModels, other?.readModels]
    const readModelsEqual =
      tables.every((found) => found?.different.length === 0) && tables[0]?.digest === tables[1]?.digest && (tables[0]?.rows ?? 0) > 0
    const hits = runs.filter((run) => run.killed).length
    return {
      ok: digestEqual && commitsEqual && filesEqual && readModelsEqual && hits === kills,
      commits,
      events: one?.digest?.events ?? 0,
      streams: one?.digest?.streams ?? 0,
      seconds: round(importSeconds),
      peakRssMb: Math.max(undisturbed.peakRssMb, ...runs.map((run) => run.peakRssMb)),
      commitsPerSecond: Math.round(commits / importSeconds),
      generateSeconds: round(generateSeconds),
      kills: hits,
      disturbedSeconds: round(runs.reduce((sum, run) => sum + run.seconds, 0)),
      duplicatesAnswered: other?.report.duplicates ?? 0,
      digestEqual,
      commitsEqual,
      filesEqual,
      readModelsEqual,
      readModelRows: tables[0]?.rows ?? 0,
      digest: one?.digest?.digest ?? '',
    }
  } finally {
    await removeDataFolder(calm)
    await removeDataFolder(disturbed)
  }
}

async function runDisturbed(repo: string, data: string, kills: number, random: Random, say: (text: string) => void): Promise<RunResult[]> {
  const runs: RunResult[] = []
  for (let i = 0; i < kills; i++) {
    // Of what is left in each run: somewhere in its middle, so that every kill finds work under way.
    const run = await runImport({ repo, data, killAt: (0.5 + random.next()) / (kills + 1 - i + 1) })
    say(`killed after ${run.commits} commits of this run`)
    runs.push(run)
  }
  runs.push(await runImport({ repo, data, digest: true }))
  say('finished what was left')
  return runs
}

async function filesAtTip(repo: string): Promise<readonly string[]> {
  const { folder, tips } = await openRepository(repo)
  return filesOfCommit(folder, tips[0] ?? 'HEAD')
}

function sameFiles(mine: readonly string[] | undefined, truth: readonly string[]): boolean {
  return mine !== undefined && JSON.stringify(mine.toSorted()) === JSON.stringify(truth.toSorted())
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
