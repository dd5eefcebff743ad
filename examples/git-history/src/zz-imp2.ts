import { createCairn } from '@cairn/cairn'
import { gitHistory } from '/work/main/examples/git-history/src/domain/index.ts'
import { importHistory } from '/work/main/examples/git-history/src/import/import-history.ts'
import { digestOf } from '/work/main/examples/git-history/src/import/digest.ts'
import { openRepository } from '/work/main/examples/git-history/src/git/open-repository.ts'
const repository = await openRepository(process.argv[2]!)
const app = await createCairn({ domains: [gitHistory], database: process.argv[3] ?? 'memory', dataDir: process.argv[4] ?? '/tmp/gh/data', aggregateCache: 1000 })
let max = 0, last = Date.now()
const m = () => { const u = process.memoryUsage(); return Object.values(u).map(v=>v>>20).join(' ') }
console.log(m())
const rep = await importHistory({ app, repository, limit: Number(process.argv[5] ?? Infinity), inFlight: Number(process.argv[6] ?? 400), onProgress: (p) => { max = Math.max(max, process.memoryUsage.rss()); if (Date.now() - last > 5000) { last = Date.now(); console.log(p, m()) } } })
console.log(rep, max >> 20)
console.time('digest'); console.log(await digestOf(app.events, repository.id)); console.timeEnd('digest'); console.log(m())
await app.stop()
