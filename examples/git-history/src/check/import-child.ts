import { parseArgs } from 'node:util'
import { createCairn } from '@cairn/cairn'
import { resumable } from '../demo/resumable.ts'
import { inLittleMemory, keepHeapSmall } from '../demo/small-heap.ts'
import { gitHistory } from '../domain/index.ts'
import { openRepository } from '../git/open-repository.ts'
import { digestOf } from '../import/digest.ts'
import { importHistory } from '../import/import-history.ts'
import { readHistory } from '../questions/history.ts'
import { livingFiles } from '../questions/hotspots.ts'
import { readModelDigest } from './read-model-digest.ts'

// One import in a process of its own, to be measured and killed by check-import. Prints JSON lines: progress, then the result.

keepHeapSmall()
const { values } = parseArgs({
  options: { repo: { type: 'string' }, data: { type: 'string' }, digest: { type: 'boolean', default: false } },
})
const repository = await openRepository(values.repo ?? '.')
await using app = await createCairn({
  domains: [gitHistory],
  database: 'embedded',
  dataDir: values.data ?? '',
  ...resumable,
  ...inLittleMemory,
})
let printed = 0
const report = await importHistory({
  app,
  repository,
  onProgress: ({ commits, total }) => {
    if (performance.now() - printed < 20) return
    printed = performance.now()
    print({ commits, total, rssMb: process.resourceUsage().maxRSS >> 10 })
  },
})
const rssMb = process.resourceUsage().maxRSS >> 10
const digest = values.digest ? await digestOf(app.events, repository.id) : undefined
const history = values.digest ? await readHistory(app.events, repository.id) : undefined
const paths = history === undefined ? undefined : livingFiles(history).map((file) => file.path)
const readModels = values.digest ? await readModelDigest(app, repository.id) : undefined
print({ report, rssMb, digest, commits: history?.commits, paths, readModels })

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
