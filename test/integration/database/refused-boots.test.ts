import { randomBytes } from 'node:crypto'
import { silentLogger, type LoggerPort } from '@cairn/core'
import { migrate, openPg, type PgOptions } from '@cairn/infra/pg'
import { createDatabase } from '@cairn/testing/services'
import { afterAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { testServer } from '../../support/test-server.ts'

const { url, appUrl, workerUrl, maintenanceUrl, schema, contextKey, name: databaseName } = await testDatabase()
const suffix = randomBytes(4).toString('hex')
const made: string[] = []

afterAll(async () => {
  for (const role of made) await queryOnce(url, `drop owned by ${role} cascade`)
  for (const role of made.toReversed()) await queryOnce(url, `drop role ${role}`)
})

/** A role of this file; returns its name. */
async function createRole(name: string, attributes: string): Promise<string> {
  const role = `boot_${name}_${suffix}`
  await queryOnce(url, `create role ${role} ${attributes}`)
  made.push(role)
  return role
}

/** A login that is a member of the application's role and of others. */
async function createLogin(name: string, attributes = '', ...roles: readonly string[]): Promise<PgOptions> {
  const role = await createRole(name, `login password 'secret' ${attributes} in role ${[`${schema}_app`, ...roles].join(', ')}`)
  return { url: Object.assign(new URL(url), { username: role, password: 'secret' }).href, schema, contextKey }
}

/** Opens and closes again; the refusal, or undefined. */
async function refusal(options: PgOptions): Promise<unknown> {
  try {
    await (await openPg(options)).close()
  } catch (error) {
    return error
  }
  return undefined
}

/** What a refusal of this kind looks like. */
function unsafe(message: RegExp): unknown {
  return expect.objectContaining({ code: 'CAIRN_UNSAFE_DATABASE', retryable: false, message: expect.stringMatching(message) })
}

const good: PgOptions = { url: appUrl, workerUrl, schema, contextKey }

/** The refusal after a change, which is undone. */
async function withSql(change: string, undo: string): Promise<unknown> {
  await queryOnce(url, change)
  const error = await refusal(good)
  await queryOnce(url, undo)
  return error
}

test('a login of the application role, and one of the worker role beside it, are accepted', async () => {
  expect(await refusal(good)).toBeUndefined()
  expect(await refusal(await createLogin('plain'))).toBeUndefined()
})

describe('as the application a login is refused that', () => {
  test('is a superuser', async () => {
    expect(await refusal({ ...good, url })).toEqual(unsafe(/is a superuser.*create role my_app login/s))
    expect(await refusal({ ...good, url, roles: 'login' })).toEqual(unsafe(/is a superuser/))
  })

  test('bypasses row-level security', async () => {
    expect(await refusal(await createLogin('bypass', 'bypassrls'))).toEqual(
      unsafe(/bypasses row-level security.*create role my_app login/s),
    )
  })

  test('can become a superuser, or a role that bypasses row-level security', async () => {
    const admins = await createRole('admins', 'superuser')
    const auditors = await createRole('auditors', 'bypassrls')
    const between = await createRole('between', `noinherit in role ${admins}`)
    expect(await refusal(await createLogin('admin', '', admins))).toEqual(unsafe(/is a member of the superuser boot_admins/))
    expect(await refusal(await createLogin('far_admin', 'noinherit', between))).toEqual(unsafe(/is a member of the superuser boot_admins/))
    expect(await refusal(await createLogin('auditor', '', auditors))).toEqual(
      unsafe(/is a member of boot_auditors.*bypasses row-level security/),
    )
  })

  test.each(['owner', 'worker', 'maintenance'])('is a member of the %s role too', async (role) => {
    const login = await createLogin(`also_${role}`, '', `${schema}_${role}`)
    expect(await refusal({ ...login, roles: 'login' })).toEqual(
      unsafe(new RegExp(`also a member of ${schema}_${role}.*revoke ${schema}_${role} from`, 's')),
    )
    expect(await refusal({ ...login, workerUrl })).toEqual(unsafe(/also a member/))
  })

  test('does not inherit the application role', async () => {
    expect(await refusal(await createLogin('heirless', 'noinherit'))).toMatchObject({
      code: 'CAIRN_SCHEMA_VERSION',
      message: expect.stringMatching(/may not use the schema.*inherit/),
    })
  })

  test('is not a member of the application role', async () => {
    expect(await refusal({ ...good, url: workerUrl })).toEqual(unsafe(/is not a member of .*_app\. Run: grant/))
    expect(await refusal({ ...good, url: maintenanceUrl })).toEqual(unsafe(/is not a member of .*_app\. Run: grant/))
  })

  test('cannot take the application’s role, where connections are to switch', async () => {
    const role = await createRole('outsider', `login password 'secret'`)
    const outsider = { ...good, url: Object.assign(new URL(url), { username: role, password: 'secret' }).href, workerUrl: undefined }
    expect(await refusal({ ...outsider, roles: 'switch' })).toEqual(unsafe(/is not a member of .*_app\. Run: grant/))
  })

  test.each([
    ['may create roles', 'createrole', [], /may create roles.*nocreaterole/s],
    ['may read the replication stream', 'replication', [], /replication stream.*noreplication/s],
    ['reads every table of the server', '', ['pg_read_all_data'], /is a member of pg_read_all_data.*revoke/s],
    ['writes every table of the server', '', ['pg_write_all_data'], /is a member of pg_write_all_data.*revoke/s],
    ['reads files of the server', '', ['pg_read_server_files'], /pg_read_server_files.*revoke/s],
    ['writes files of the server', '', ['pg_write_server_files'], /pg_write_server_files.*revoke/s],
    ['runs programs on the server', '', ['pg_execute_server_program'], /pg_execute_server_program.*revoke/s],
  ] as const)('%s', async (title, attributes, roles, message) => {
    expect(await refusal(await createLogin(title.replaceAll(/\W/g, '_').slice(0, 30), attributes, ...roles))).toEqual(unsafe(message))
  })

  test('may read the key, or create objects in the schema', async () => {
    const reader = await createLogin('reader')
    await queryOnce(url, `grant select (key) on ${schema}.secret to ${new URL(reader.url).username}`)
    expect(await refusal(reader)).toEqual(unsafe(/may read the key that signs/))
    const creator = await createLogin('creator')
    await queryOnce(url, `grant create on schema ${schema} to ${new URL(creator.url).username}`)
    expect(await refusal(creator)).toEqual(unsafe(/may create objects in the schema.*revoke create/s))
  })

  test.each(['repeatable read', 'serializable', 'read uncommitted'])('starts its transactions %s', async (isolation) => {
    const login = await createLogin(isolation.replace(' ', '_'))
    await queryOnce(url, `alter role ${new URL(login.url).username} set default_transaction_isolation = '${isolation}'`)
    expect(await refusal(login)).toEqual(unsafe(new RegExp(`default_transaction_isolation is ${isolation}.*alter role`, 's')))
  })
})

test('a server that starts all transactions repeatable read is refused', async () => {
  await queryOnce(url, `alter database "${databaseName}" set default_transaction_isolation = 'repeatable read'`)
  expect(await refusal(good)).toMatchObject({ code: 'CAIRN_UNSAFE_DATABASE', message: expect.stringContaining('repeatable read') })
  await queryOnce(url, `alter database "${databaseName}" reset default_transaction_isolation`)
  expect(await refusal(good)).toBeUndefined()
})

test('a database that is not UTF-8 is refused, by the migration and by the boot', async () => {
  const other = `latin_${suffix}`
  await queryOnce(testServer().url, `create database ${other} encoding 'LATIN1' locale 'C' template template0`)
  const at = (address: string): string => Object.assign(new URL(address), { pathname: `/${other}` }).href
  const refused = { code: 'CAIRN_UNSAFE_DATABASE', message: expect.stringMatching(/LATIN1.*encoding 'UTF8'/) }
  await expect(migrate({ url: at(url), schema })).rejects.toMatchObject(refused)
  expect(await refusal({ ...good, url: at(appUrl), workerUrl: at(workerUrl) })).toMatchObject(refused)
  await queryOnce(testServer().url, `drop database ${other}`)
})

test('a login of several roles switches between them when it was not told otherwise, and the log says so', async () => {
  const login = await createLogin('several', '', `${schema}_worker`, `${schema}_owner`)
  const warnings: string[] = []
  const logger: LoggerPort = { ...silentLogger, warn: (message: string) => void warnings.push(message), child: () => logger }
  const db = await openPg({ ...login, logger })
  expect(db.facts).toMatchObject({ switchesRoles: true })
  await db.close()
  expect(warnings).toEqual([expect.stringMatching(/may take several of the schema's roles.*roles: 'login'/)])
})

describe('for background readers', () => {
  test('a login is refused that is no member of the worker role', async () => {
    expect(await refusal({ ...good, workerUrl: appUrl })).toMatchObject({
      code: 'CAIRN_UNSAFE_DATABASE',
      message: expect.stringMatching(/is not a member of .*_worker\. Run: grant/),
    })
  })

  test('another database than the application’s is refused', async () => {
    const other = await createDatabase(testServer().url, { template: testServer().template })
    const elsewhere = Object.assign(new URL(workerUrl), { pathname: `/${other.name}` }).href
    expect(await refusal({ ...good, workerUrl: elsewhere })).toMatchObject({
      code: 'CAIRN_UNSAFE_DATABASE',
      message: expect.stringMatching(/another database.*CAIRN_WORKER_URL/),
    })
    await other.drop()
  })
})

describe('the context key is refused when it', () => {
  test('is another schema’s', async () => {
    expect(await refusal({ ...good, contextKey: 'ab'.repeat(32) })).toMatchObject({
      code: 'CAIRN_CONTEXT_REFUSED',
      message: expect.stringContaining('CAIRN_CONTEXT_KEY'),
    })
  })

  test('is no key', async () => {
    for (const key of ['', 'abc', 'AB'.repeat(32), 'zz'.repeat(32)]) {
      expect(await refusal({ ...good, contextKey: key })).toMatchObject({ code: 'CAIRN_INVALID_INPUT', field: 'contextKey' })
    }
  })

  test('is missing, and the login may not read it', async () => {
    expect(await refusal({ url: appUrl, schema, roles: 'login' })).toMatchObject({
      code: 'CAIRN_UNSAFE_DATABASE',
      message: expect.stringContaining('CAIRN_CONTEXT_KEY'),
    })
  })
})

describe('a schema is refused that', () => {
  test('is not there', async () => {
    const empty = await createDatabase(testServer().url)
    const at = (address: string): string => Object.assign(new URL(address), { pathname: `/${empty.name}` }).href
    expect(await refusal({ ...good, url: at(appUrl), workerUrl: at(workerUrl) })).toMatchObject({
      code: 'CAIRN_SCHEMA_VERSION',
      message: expect.stringMatching(/no Cairn schema .* Run migrate\(\)/),
    })
    await empty.drop()
  })

  test('lacks a migration that this version needs', async () => {
    const row = await queryOnce<{ name: string; run_on: Date }>(url, `select name, run_on from ${schema}.migrations order by id limit 1`)
    const first = row[0]?.name ?? ''
    const error = await withSql(
      `update ${schema}.migrations set name = 'x' || name where name = '${first}'; delete from ${schema}.migrations where name like 'x%'`,
      `insert into ${schema}.migrations (name, run_on) values ('${first}', now())`,
    )
    expect(error).toMatchObject({
      code: 'CAIRN_SCHEMA_VERSION',
      message: expect.stringMatching(new RegExp(`lacks ${first}\\. Run migrate`)),
    })
  })

  test('was migrated by a newer version', async () => {
    const error = await withSql(
      `insert into ${schema}.migrations (name, run_on) values ('9999_from-the-future', now())`,
      `delete from ${schema}.migrations where name = '9999_from-the-future'`,
    )
    expect(error).toMatchObject({
      code: 'CAIRN_SCHEMA_VERSION',
      message: expect.stringMatching(/newer Cairn \(9999_from-the-future\)\. Deploy/),
    })
  })

  test('has functions and policies of an older version, or of unknown age; those of a newer one serve this one too', async () => {
    const [row] = await queryOnce<{ hash: string }>(url, `select hash from ${schema}.applied_files`)
    const set = (hash: string): string => `update ${schema}.applied_files set hash = '${hash}'`
    const refused = { code: 'CAIRN_SCHEMA_VERSION', message: expect.stringMatching(/functions and policies .* Run migrate\(\)/) }
    const hash = 'ab'.repeat(32)
    for (const stamp of [`0.0.1 ${hash}`, `0.1.0 ${hash}`, hash, 'nonsense'])
      expect(await withSql(set(stamp), set(row?.hash ?? ''))).toMatchObject(refused)
    for (const stamp of [`0.1.1 ${hash}`, `0.10.0 ${hash}`, `7.0.0-next.1 ${hash}`])
      expect(await withSql(set(stamp), set(row?.hash ?? ''))).toBeUndefined()
  })

  test.each(['event_positions', 'change_positions'])('has a sequence %s that hands out ranges', async (sequence) => {
    const error = await withSql(`alter sequence ${schema}.${sequence} cache 32`, `alter sequence ${schema}.${sequence} cache 1`)
    expect(error).toMatchObject({
      code: 'CAIRN_UNSAFE_DATABASE',
      message: expect.stringMatching(/ranges\. Run: alter sequence .* cache 1;/),
    })
  })

  test('has a sequence that lies behind its table', async () => {
    await queryOnce(
      url,
      `insert into ${schema}.streams (stream_id, tenant_id, aggregate_type, aggregate_id, version) values (1000, 't', 'a', '1', 1);
       insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
       values (1000, 1000, 1, 1, now(), gen_random_uuid(), 't', 'a', '1', 'x.y', '{}', '{}');
       insert into ${schema}.changes (change_id, operation, schema_name, table_name) values (1000, 'INSERT', 'x', 'y');
       select setval('${schema}.event_positions', 1000), setval('${schema}.stream_ids', 1000), setval('${schema}.change_positions', 1000)`,
    )
    expect(await refusal(good)).toBeUndefined()
    for (const sequence of ['event_positions', 'stream_ids', 'change_positions']) {
      const error = await withSql(`select setval('${schema}.${sequence}', 999)`, `select setval('${schema}.${sequence}', 1000)`)
      expect(error).toMatchObject({ code: 'CAIRN_UNSAFE_DATABASE', message: expect.stringMatching(/behind its table.*setval/s) })
    }
    expect(await refusal(good)).toBeUndefined()
  })
})

test('an address where no server answers is an unavailable database, at once', async () => {
  const started = performance.now()
  expect(await refusal({ ...good, url: 'postgres://nobody:x@127.0.0.1:1/none' })).toMatchObject({
    code: 'CAIRN_DATABASE_UNAVAILABLE',
    retryable: true,
  })
  expect(performance.now() - started).toBeLessThan(6_000)
})
