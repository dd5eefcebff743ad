import { defineConfig } from '@cairn/cairn'
import { onDatabase } from '../projections/shop-place.ts'
import { ledgerDomain } from './ledger.ts'
import type { PoisonSettings } from './settings.ts'

/** The ledgers as `rebuild-projections` finds them, with the code that the check names. */
const { database, code }: PoisonSettings = JSON.parse(process.env['STRESS_CHILD'] ?? '{}')
export default defineConfig({ domains: [ledgerDomain(code)], ...onDatabase(database), migrate: false })
