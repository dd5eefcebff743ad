import { migrate } from '@cairn/infra/pg'

/** A program of its own that migrates: `migrate-child.ts <address> <schema>`. Prints the report as one line of JSON. */
const [url = '', schema = ''] = process.argv.slice(2)
console.log(JSON.stringify(await migrate({ url, schema })))
