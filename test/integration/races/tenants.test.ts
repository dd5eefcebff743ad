import { expect, test } from 'vitest'
import { checkTenants } from '../../stress/tenants/check-tenants.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('appends of 20 tenants share batches, and each tenant finds exactly its own', async () => {
  const verdict = await checkTenants(database, { tenants: 20, appends: 600, callers: 60, seed: 1 })
  expect(verdict).toMatchObject({ ok: true, missing: 0, foreign: 0, rawSql: { withoutContext: 0, inContext: 0, forged: 0 } })
  expect(verdict.batches.mixed).toBeGreaterThan(0)
  expect(verdict.control.rowsSeenBySuperuser).toBeGreaterThan(0)
})
