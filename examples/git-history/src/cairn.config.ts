import { resolve } from 'node:path'
import { defineConfig } from '@cairn/cairn'
import { gitHistory } from './domain/index.ts'

// What `rebuild-projections --config examples/git-history/src/cairn.config.ts` works on: the demo's database.
export default defineConfig({
  domains: [gitHistory],
  database: 'embedded',
  dataDir: resolve(import.meta.dirname, '../../../.cairn/demo'),
})
