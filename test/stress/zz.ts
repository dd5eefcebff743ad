import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { providePostgres } from '@cairn/testing/services'
import { queryOnce } from '../support/query-once.ts'
const server = await providePostgres()
for (const [check, ms] of [
  ['order', 1500],
  ['order', 4000],
  ['order', 8000],
  ['creation', 5000],
  ['dedup', 4000],
  ['held-stream', 5000],
  ['tenants', 3000],
  ['faults', 4000],
  ['faults', 8000],
] as const) {
  const child = spawn(process.execPath, ['test/stress/main.ts', check, '--url', server.url], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  child.stdout.on('data', (d) => (out += d))
  child.stderr.on('data', (d) => (out += d))
  const t = performance.now()
  setTimeout(() => child.kill('SIGINT'), ms)
  const killer = setTimeout(() => child.kill('SIGKILL'), ms + 40000)
  const [code, signal] = await once(child, 'exit')
  clearTimeout(killer)
  console.log(
    check,
    ms,
    code,
    signal,
    (performance.now() - t - ms).toFixed(0),
    JSON.stringify(out.slice(0, 300)),
    (await queryOnce<{ datname: string }>(server.url, "select datname from pg_database where datname like 'cairn%'")).map((r) => r.datname),
  )
}
await server.stop()
