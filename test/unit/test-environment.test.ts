import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

it("has no database of the user's shell, and neither has a process that a test starts", () => {
  const program = 'const { DATABASE_URL, SUPABASE_DB_URL } = process.env; console.log(JSON.stringify({ DATABASE_URL, SUPABASE_DB_URL }))'
  const child = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 30_000 })
  expect(JSON.parse(child.stdout)).toEqual({ DATABASE_URL: '', SUPABASE_DB_URL: '' })
})
