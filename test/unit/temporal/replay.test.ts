import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '@cairn/core'
import { installTemporalRuntime, workflowBundle } from '@cairn/infra/temporal'
import { DeterminismViolationError } from '@temporalio/workflow'
import { Worker } from '@temporalio/worker'
import { beforeAll, expect, test } from 'vitest'

/** Histories of runs as they were recorded: what today's workflows must still be able to go on with. */
const folder = new URL('../../fixtures/temporal-histories/', import.meta.url)
const histories = readdirSync(folder).filter((name) => name.endsWith('.json'))

const changed = fileURLToPath(new URL('changed-workflows.ts', import.meta.url))

beforeAll(async () => {
  installTemporalRuntime(silentLogger)
  // Bundling takes seconds; the tests then only replay.
  await Promise.all([workflowBundle(silentLogger), workflowBundle(silentLogger, changed)])
}, 60_000)

async function replay(name: string, workflowsPath?: string): Promise<void> {
  const bundle = await workflowBundle(silentLogger, workflowsPath)
  await Worker.runReplayHistory({ workflowBundle: bundle }, JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
}

test('there are recorded histories of both workflows', () => {
  for (const kind of ['entity', 'entity-continued', 'process-timer', 'process-cancelled', 'process-continued']) {
    expect(histories.some((name) => name.startsWith(`${kind}.`))).toBe(true)
  }
})

test.each(histories)('today’s workflows can go on with %s', async (name) => {
  await expect(replay(name)).resolves.toBeUndefined()
})

test.each(histories)('a workflow with another step in it cannot go on with %s', async (name) => {
  await expect(replay(name, changed)).rejects.toThrow(DeterminismViolationError)
})
