import { providePostgres } from '@cairn/testing/services'
import { createCheckDatabase } from '../support/check-database.ts'
const server = await providePostgres()
const t0 = performance.now()
const step = (s: string) => console.error(((performance.now() - t0) / 1000).toFixed(1), s)
const [, , file = '', fn = '', json = '{}'] = process.argv
try {
  const module = await import(file)
  const database = await createCheckDatabase(server.url)
  console.log(database.url)
  console.log(JSON.stringify(await module[fn](database, JSON.parse(json), step), null, 1))
  await database.drop()
} finally {
  await server.stop()
}
