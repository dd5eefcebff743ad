import { defineConfig } from '@cairn/cairn'
import { childSettings } from './child-settings.ts'
import { strikeHook } from './fault-plan.ts'
import { onDatabase, shopDomains } from './shop-place.ts'

/** The shop as `rebuild-projections` finds it, on the database of a check. */
const { database, strike } = childSettings()
export default defineConfig({
  domains: shopDomains,
  ...onDatabase(database),
  migrate: false,
  background: { faults: strikeHook(strike) },
})
