import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { orderCommands } from '@cairn/example-shop'
import { afterEach, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'

// What the image holds, run without an engine: the commands of its Dockerfile, in the folder that it copies.
const folder = resolve(import.meta.dirname, '../../../examples/shop')
const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8')
const rebuildProjections = resolve(folder, '../../packages/projections/src/cli/main.ts')
const database = await testDatabase()
const children = new Set<ChildProcess>()
afterEach(() => children.forEach((child) => child.kill('SIGKILL')))

/** An instruction in exec form; with a shell in between, SIGTERM would not reach node. */
function exec(instruction: RegExp): readonly string[] {
  const found = instruction.exec(dockerfile)?.[1]
  if (found === undefined) throw new Error(`The Dockerfile has no ${instruction.source}`)
  return JSON.parse(found) as readonly string[]
}

const entry = exec(/^ENTRYPOINT (\[.*\])$/m)
const command = exec(/^CMD (\[.*\])$/m)
const health = exec(/^HEALTHCHECK .* CMD (\[.*\])$/m)

interface Running {
  readonly child: ChildProcess
  /** What it printed, and how it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
}

function start(args: readonly string[], variables: NodeJS.ProcessEnv): Running {
  // Nothing of the shell that the tests run in, as in a container.
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production', TZ: 'UTC', ...variables }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, ended: new Promise((done) => child.once('close', (code) => done({ code, output }))) }
}

const run = (args: readonly string[], variables: NodeJS.ProcessEnv) => start(args, variables).ended

async function freePort(): Promise<string> {
  const server = createServer()
  const { promise, resolve: listening } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening)
  await promise
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  return String(typeof address === 'object' ? address?.port : undefined)
}

test('the image runs as another user than root, in UTC, and holds what its commands name', () => {
  expect(entry).toEqual(['node'])
  expect(health[0]).toBe('node')
  expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
  expect(dockerfile).toMatch(/^ENV .*\bTZ=UTC\b/m)
  expect([...command, ...health.slice(1)].filter((file) => !existsSync(join(folder, file)))).toEqual([])
})

/** What the processes of a deployment are told: the job that may make tables, and the worker that may not. */
function variablesOf({ url, appUrl, workerUrl, contextKey, schema }: TestFileDatabase, port: string) {
  const job = {
    DATABASE_URL: appUrl,
    CAIRN_WORKER_URL: workerUrl,
    CAIRN_CONTEXT_KEY: contextKey,
    CAIRN_SCHEMA: schema,
    CAIRN_OWNER_URL: url,
  }
  const { CAIRN_OWNER_URL: _, ...common } = job
  return { job, worker: { ...common, CAIRN_LISTEN_URL: url, HEALTH_PORT: port } }
}

test('migrated and built by steps before, its worker is healthy, carries a command out, and ends with 0 at SIGTERM', async () => {
  const { url, schema } = database
  const variables = variablesOf(database, await freePort())
  const migrated = await run(['src/deploy/migrate.ts'], variables.job)
  expect(migrated).toMatchObject({ code: 0, output: expect.stringContaining(`${schema} is up to date`) })
  const early = await run(command, variables.worker)
  expect(early).toMatchObject({ code: 1, output: expect.stringContaining('rebuild-projections') })
  const built = await run([rebuildProjections, '--all', '--outdated', '--config', 'src/deploy/cairn.config.ts'], variables.job)
  expect(built).toMatchObject({ code: 0 })
  expect(await run(health.slice(1), variables.worker)).toMatchObject({ code: 1 })

  const { child, ended } = start(command, variables.worker)
  const isHealthy = async () => (await run(health.slice(1), variables.worker)).code
  await expect.poll(isHealthy, { timeout: 60_000 }).toBe(0)
  const { type, payload } = orderCommands.create({ orderId: 'o-1', customerId: 'c', lines: [{ sku: 's', quantity: 1, price: 5 }] })
  await queryOnce(url, `insert into ${schema}.commands (tenant_id, type, payload) values ('acme', $1, $2)`, [type, JSON.stringify(payload)])
  const statuses = async () =>
    (await queryOnce<{ status: string }>(url, `select status from ${schema}.commands where type = $1`, [type])).map(({ status }) => status)
  await expect.poll(statuses, { timeout: 30_000 }).toEqual(['processed'])
  const leases = () => queryOnce(url, `select from ${schema}.subscription_leases where expires_at > now()`)
  expect(await leases()).not.toEqual([])
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0 })
  expect(await leases()).toEqual([])
}, 180_000)

test('a worker on Temporal does not start outside of UTC, nor for tenants that nobody named', async () => {
  const { worker } = variablesOf(database, await freePort())
  const env = { ...worker, TEMPORAL_ADDR: '127.0.0.1:1' }
  const elsewhere = await run(command, { ...env, TZ: 'Europe/London' })
  expect(elsewhere).toMatchObject({ code: 1, output: expect.stringContaining('Start it with TZ=UTC') })
  const nobody = await run(command, { ...env, QUEUES: 'tenant', ACTIVE_TENANTS: '' })
  expect(nobody).toMatchObject({ code: 1, output: expect.stringContaining('ACTIVE_TENANTS') })
}, 120_000)
