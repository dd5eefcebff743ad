import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWorkspace } from '../architecture/workspace.ts'
import { checkConsumer } from './check-consumer.ts'
import { checkTarball, pack, type Check } from './check-tarball.ts'

/**
 * What a user would get: packs every public package, holds each against publint, attw and our own rules, then installs
 * all of them in an empty project, imports every entry and compiles against their types. Build first (tsc -b).
 */
const { packages } = await readWorkspace()
const published = packages.filter((one) => !one.private)
const work = await mkdtemp(join(tmpdir(), 'cairn-packaging-'))
const results: Check[] = []
const report = (check: Check): void => {
  results.push(check)
  console.log(`${check.problem === undefined ? 'ok  ' : 'FAIL'} ${check.title}`)
  if (check.problem !== undefined) console.log(check.problem.replaceAll(/^/gm, '       '))
}
try {
  const tarballs = new Map<string, string>()
  for (const one of published) {
    const tarball = await pack(one, work)
    tarballs.set(one.name, tarball)
    for (const check of await checkTarball(one, tarball)) report(check)
  }
  for (const check of await checkConsumer(published, tarballs, join(work, 'consumer'))) report(check)
} finally {
  await rm(work, { recursive: true, force: true })
}
const failed = results.filter(({ problem }) => problem !== undefined).length
console.log(`\n${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1
