import { migrate } from '@cairn/infra/pg'
import { schemaFrom } from './settings.ts'

// The step before every deployment. `--context-key` prints the key, and nothing else, for whoever stores secrets.
const url = process.env['CAIRN_OWNER_URL'] || process.env['DATABASE_URL']
if (url === undefined || url === '') throw new Error('CAIRN_OWNER_URL is not set: the address of a login that may migrate.')
const { schema, applied, contextKey } = await migrate({ url, schema: schemaFrom(process.env) })
const keyAlone = process.argv.includes('--context-key')
process.stdout.write(keyAlone ? contextKey : `${schema} is up to date; ${applied.length} migrations ran now.\n`)
