import { providePostgres, startTcpProxy } from '@cairn/testing/services'
import { createCheckDatabase } from './support/check-database.ts'
import { openStores } from './support/stores.ts'
import { eventsOf, streamOf } from './support/events.ts'
import { openAdmin } from './support/admin.ts'
const server = await providePostgres()
const database = await createCheckDatabase(server.url)
const proxy = await startTcpProxy(Number(new URL(server.url).port))
const stores = await openStores({ ...database, appUrl: proxy.through(database.appUrl), workerUrl: proxy.through(database.workerUrl) }, 1)
const stream = streamOf('t')
const cut = proxy.cutBeforeAnswer((b) => /commit/i.test(b.toString('latin1')))
const started = performance.now()
try {
  await stores.at(0).transaction('t', async (tx) => { tx.append({ stream, expected: 0, events: eventsOf(2) }) })
  console.log('no error')
} catch (error) { console.log(error, (error as any).code, (error as any).retryable) }
console.log(performance.now() - started)
await Promise.race([cut, new Promise((r) => setTimeout(r, 1000))])
const admin = await openAdmin(database.url)
console.log((await admin.query('select count(*) from cairn.events')).rows)
await admin.end()
await stores.close(); await proxy.stop(); await database.drop(); await server.stop()
