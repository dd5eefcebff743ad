import { CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { readRowIds } from '../read-side/read-rows.ts'
import { rowIds } from '../rows/rows.ts'
import { buildProgram } from './build-program.ts'

async function run(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = ''
  const write = (chunk: string): void => {
    text += chunk
  }
  try {
    await buildProgram().configureOutput({ writeOut: write, writeErr: write }).parseAsync(args, { from: 'user' })
    return { code: 0, text }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { code: error.exitCode, text }
  }
}

test('an unknown row is refused with the known ones', async () => {
  const { code, text } = await run('append-1', 'append-2')
  expect(code).toBe(2)
  expect(text).toContain('no row is called "append-2"')
  for (const id of [...rowIds, ...readRowIds]) expect(text).toContain(id)
})

test('a profile is of one row', async () => {
  expect((await run('--profile', 'cairn')).code).toBe(2)
  expect((await run('--profile', 'cairn', 'append-1', 'append-20')).code).toBe(2)
  expect((await run('--profile', 'cairn', 'rebuild')).code).toBe(2)
})

test('numbers that cannot be are refused', async () => {
  for (const args of [
    ['--rounds', '0'],
    ['--rounds', 'five'],
    ['--seconds', '-1'],
    ['--systems', 'marten'],
    ['--events', '0'],
    ['--memory', '200000', 'much'],
    ['--tail-seconds', '0'],
    ['--temporal-commands', '0'],
  ]) {
    const { code } = await run(...args)
    expect({ args, refused: code !== 0 }).toEqual({ args, refused: true })
  }
})

test('help lists every row and shows examples', async () => {
  const { code, text } = await run('--help')
  expect(code).toBe(0)
  expect(text).toContain('Examples:')
  for (const id of [...rowIds, ...readRowIds]) expect(text).toContain(id)
})
