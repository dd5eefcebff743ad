import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { dumpSchema, normalise, schemaFile } from '../../support/dump-schema.ts'

test('db/schema.sql is what a migration makes; if this fails, run `pnpm db:dump` and look at the difference', async () => {
  const dumped = await dumpSchema()
  expect(dumped).toContain('CREATE TABLE cairn.events')
  expect(dumped).toBe(await readFile(schemaFile, 'utf8'))
})

test('a dump is the same from every version of pg_dump: what only the version changes is left out', () => {
  const older = `--\n-- PostgreSQL database dump\n--\n\nSET lock_timeout = 0;\nCREATE VIEW cairn.v AS\n SELECT e.id,\n    e."position"\n   FROM cairn.events e;\n\n\n--\n-- Name: v\n--\n`
  const newer = `--\n-- PostgreSQL database dump\n--\n\\restrict abc\n\nSET transaction_timeout = 0;\n\nCREATE VIEW cairn.v AS\n SELECT id,\n    "position"\n   FROM cairn.events e;\n\\unrestrict abc\n`
  expect(normalise(older)).toBe(normalise(newer))
  expect(normalise(newer)).toContain('CREATE VIEW')
})
