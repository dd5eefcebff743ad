import { defineConfig } from '@cairn/cairn'
import { pinoLogger } from '@cairn/infra/logging'
import { billing } from '../billing/index.ts'
import { fulfilment } from '../fulfilment/index.ts'
import { shop } from '../ordering/index.ts'
import { assertDatabase, schedulerFrom, schemaFrom } from './settings.ts'

assertDatabase(process.env)

// Every process of the image has this one: the worker, `rebuild-projections`, and a web process with `background: false`.
// Addresses and the key come from the environment: DATABASE_URL, CAIRN_WORKER_URL, CAIRN_OWNER_URL, CAIRN_CONTEXT_KEY.
export default defineConfig({
  domains: [shop, billing, fulfilment],
  schema: schemaFrom(process.env),
  // A step of its own comes before (migrate.ts): a worker needs no login that may change tables.
  migrate: false,
  scheduler: schedulerFrom(process.env),
  logger: pinoLogger(),
})
