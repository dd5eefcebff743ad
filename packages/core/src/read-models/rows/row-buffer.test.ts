import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../contracts/event.ts'
import { RowMissingError, RowValueError, UnknownTableError } from '../../errors/projections.ts'
import type { PhysicalTable, RowKey, RowStorePort, RowWrites } from '../../ports/row-store.port.ts'
import { integer, json, numeric, text } from '../columns/columns.ts'
import { InMemoryRowStore } from '../in-memory-row-store.ts'
import type { RowOperations } from '../projection-definition.ts'
import { table } from '../tables/table.ts'
import { toTableModel } from '../tables/to-table-model.ts'
import { RowBuffer, type RowBufferOptions } from './row-buffer.ts'

const accounts: PhysicalTable = {
  name: 'accounts__v1_g1',
  model: toTableModel(
    'accounts',
    table(
      { id: text(), owner: text().default('nobody'), balance: numeric(12, 2), note: text().nullable(), tags: json<string[]>().default([]) },
      { key: 'id' },
    ),
  ),
}
const visits: PhysicalTable = {
  name: 'visits__v1_g1',
  model: toTableModel('visits', table({ day: text(), page: text(), count: integer() }, { key: ['day', 'page'] })),
}

/** Counts what it is asked for. */
class WatchedRows implements RowStorePort {
  readonly store = new InMemoryRowStore()
  readonly loads: { readonly table: string; readonly keys: readonly unknown[] }[] = []
  readonly writes: { readonly table: string; readonly writes: RowWrites }[] = []
  failWith: Error | undefined
  /** Called before a load: holds it up, or makes it fail. */
  before: ((table: string) => Promise<void> | undefined) | undefined

  async load(physical: PhysicalTable, keys: readonly RowKey[]) {
    this.loads.push({ table: physical.model.name, keys: keys.map(({ key }) => key.join('/')) })
    await this.before?.(physical.model.name)
    if (this.failWith !== undefined) throw this.failWith
    return this.store.load(physical, keys)
  }

  async write(physical: PhysicalTable, writes: RowWrites) {
    this.writes.push({ table: physical.model.name, writes })
    await this.store.write(physical, writes)
  }

  values(physical: PhysicalTable): readonly unknown[] {
    return this.store.rows(physical.name).map(({ values }) => values)
  }
}

function event(position: number, tenantId = 't'): RecordedEvent {
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  return {
    id: `e-${position}`,
    tenantId,
    type: 'a.b',
    payload: {},
    aggregateType: 'a',
    aggregateId: 'a-1',
    version: position,
    position,
    recordedAt: new Date(0),
    metadata,
  }
}

function given(options: Partial<RowBufferOptions> = {}) {
  const rows = new WatchedRows()
  const buffer = new RowBuffer({ projection: 'banking', tables: [accounts, visits], rows, ...options })
  const ops = (name: string): RowOperations => {
    const found = buffer.operations[name]
    if (found === undefined) throw new Error(name)
    return found
  }
  let position = 0
  return {
    rows,
    buffer,
    accounts: ops('accounts'),
    visits: ops('visits'),
    /** Begins the next event. */
    next: (tenantId?: string) => buffer.begin(event(++position, tenantId)),
    commit: async () => {
      await buffer.settle()
      await buffer.write(rows, 0)
      buffer.committed()
    },
  }
}

/** Everything that waits for nothing but promises is done. */
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const account = (id: string, balance: number, more: object = {}) => ({ id, owner: 'nobody', balance, note: null, tags: [], ...more })

/** An event changes a row of each table; the first load of accounts fails, that of visits is held up. */
async function resetWhileLoading() {
  const all = given()
  const held = Promise.withResolvers<void>()
  const loads: Promise<void>[] = []
  all.rows.before = (name) => {
    if (loads.length === 2) return undefined
    const load = name === 'accounts' ? Promise.reject(new Error('no connection')) : held.promise
    loads.push(load)
    return load
  }
  const handle = (): void => {
    all.next()
    all.accounts.increment('x', { balance: 1 })
    all.visits.increment(['d', 'p'], { count: 1 })
  }
  handle()
  await expect(all.buffer.settle()).rejects.toThrow('no connection')
  all.buffer.reset()
  return { ...all, held, handle }
}

describe('operations', () => {
  test('take effect in order, and each row is written once with its last event’s position', async () => {
    const { rows, accounts: a, next, commit } = given()
    next()
    a.upsert({ id: 'x', balance: 1 })
    next()
    a.increment('x', { balance: 0.1 })
    next()
    a.increment('x', { balance: 0.2 })
    a.patch('x', { note: 'hello' })
    await commit()
    expect(rows.loads).toEqual([])
    expect(rows.writes).toEqual([
      {
        table: 'accounts',
        writes: {
          upserts: [{ tenantId: 't', key: ['x'], values: account('x', 1.3, { note: 'hello' }), position: 3, partition: 0 }],
          deletes: [],
        },
      },
    ])
  })

  test('that depend on rows not in memory load them together, in one call for each table', async () => {
    const { rows, accounts: a, visits: v, next, commit } = given()
    for (const id of ['x', 'y']) {
      next()
      a.upsert({ id, balance: 10 })
    }
    await commit()
    rows.loads.length = 0
    const again = given({ rows })
    for (const id of ['x', 'y', 'x']) {
      again.next()
      again.accounts.increment(id, { balance: 1 })
      again.visits.increment(['monday', id], { count: 1 })
    }
    await again.buffer.settle()
    expect(rows.loads).toEqual([
      { table: 'accounts', keys: ['x', 'y'] },
      { table: 'visits', keys: ['monday/x', 'monday/y'] },
    ])
    expect(again.buffer.pending).toBe(4)
    expect(v).toBeDefined()
  })

  test('an increment makes the row that is not there, with defaults and zeros', async () => {
    const { rows, accounts: a, next, commit } = given()
    next()
    a.increment('x', { balance: 2.5 })
    await commit()
    expect(rows.values(accounts)).toEqual([account('x', 2.5)])
  })

  test('update folds the event into the row; the same row changes nothing, null deletes', async () => {
    const { rows, accounts: a, next, commit } = given()
    next()
    a.update('x', (row) => ({ balance: row === undefined ? 5 : 0 }))
    a.update('x', (row, e) => ({ ...row, note: `${e.id}` }))
    next()
    a.update('y', () => ({ balance: 1 }))
    await commit()
    expect(rows.values(accounts)).toEqual([account('x', 5, { note: 'e-1' }), account('y', 1)])
    rows.writes.length = 0
    next()
    a.update('x', (row) => row)
    a.update('z', () => undefined)
    await commit()
    expect(rows.writes).toEqual([])
    next()
    a.update('x', () => null)
    a.update('y', () => undefined)
    await commit()
    expect(rows.values(accounts)).toEqual([])
  })

  test('a row that comes and goes between two commits is not written', async () => {
    const { rows, accounts: a, next, commit } = given()
    next()
    a.update('x', () => ({ balance: 1 }))
    next()
    a.delete('x')
    await commit()
    expect(rows.writes).toEqual([])
    next()
    a.delete('never-seen')
    await commit()
    expect(rows.writes).toMatchObject([{ writes: { upserts: [], deletes: [{ key: ['never-seen'], position: 3 }] } }])
  })

  test('keep the tenants’ rows of one key apart', async () => {
    const { rows, accounts: a, next, commit } = given()
    next('one')
    a.upsert({ id: 'x', balance: 1 })
    next('two')
    a.upsert({ id: 'x', balance: 2 })
    next('one')
    a.increment('x', { balance: 10 })
    await commit()
    expect(rows.store.rows(accounts.name).map(({ tenantId, values }) => [tenantId, values['balance']])).toEqual([
      ['one', 11],
      ['two', 2],
    ])
  })

  test('of a table that is not declared fail, naming those that are', () => {
    const { buffer } = given()
    expect(() => buffer.operations['acounts']).toThrow(UnknownTableError)
    expect(() => buffer.operations['acounts']).toThrow('Projection banking has no table "acounts". It declares: accounts, visits.')
  })

  test('outside of an event fail', async () => {
    const { accounts: a, next, commit } = given()
    expect(() => a.upsert({ id: 'x', balance: 1 })).toThrow(/must return its promise/)
    next()
    await commit()
    expect(() => a.delete('x')).toThrow(/must return its promise/)
  })
})

describe('get', () => {
  test('answers as of the call: after everything before it, before everything behind it', async () => {
    const { accounts: a, next, commit, buffer, rows } = given()
    next()
    a.upsert({ id: 'x', balance: 1 })
    await commit()
    const fresh = given({ rows })
    fresh.next()
    fresh.accounts.increment('x', { balance: 1 })
    const between = fresh.accounts.get('x')
    fresh.accounts.increment('x', { balance: 1 })
    fresh.accounts.delete('x')
    expect(await between).toMatchObject({ balance: 2 })
    expect(await fresh.accounts.get('x')).toBeUndefined()
    expect(buffer.pending).toBe(0)
  })

  test('loads what is asked for side by side in one call', async () => {
    const { accounts: a, visits: v, next, rows } = given()
    next()
    expect(await Promise.all([a.get('x'), a.get('y'), v.get(['d', 'p'])])).toEqual([undefined, undefined, undefined])
    expect(rows.loads).toEqual([
      { table: 'accounts', keys: ['x', 'y'] },
      { table: 'visits', keys: ['d/p'] },
    ])
  })

  test('gives a row that cannot be changed behind the buffer’s back', async () => {
    const { accounts: a, next } = given()
    next()
    a.upsert({ id: 'x', balance: 1, tags: ['a'] })
    const row = (await a.get('x')) as { balance: number; tags: string[] }
    expect(() => (row.balance = 5)).toThrow(TypeError)
    expect(() => row.tags.push('b')).toThrow(TypeError)
    a.increment('x', { balance: 1 })
    expect(row.balance).toBe(1)
    expect(await a.get('x')).toMatchObject({ balance: 2 })
  })

  test('fails when the rows cannot be read, and so does the batch, even where a handler swallowed it', async () => {
    const { accounts: a, buffer, next, rows } = given()
    rows.failWith = new Error('database away')
    next()
    await a.get('x').catch(() => undefined)
    await expect(buffer.settle()).rejects.toThrow('database away')
    buffer.reset()
    rows.failWith = undefined
    next()
    expect(await a.get('x')).toBeUndefined()
    await buffer.settle()
  })
})

describe('failures', () => {
  test('a patch of a missing row fails, at once where the row is known and at the end of the batch where it is not', async () => {
    const { accounts: a, buffer, next } = given()
    next()
    a.patch('x', { note: 'n' })
    await expect(buffer.settle()).rejects.toThrow(RowMissingError)
    buffer.reset()
    next()
    a.delete('x')
    expect(() => a.patch('x', { note: 'n' })).toThrow(/accounts has no row "x" of tenant t to patch/)
  })

  test('an upsert behind a patch does not heal it', async () => {
    const { accounts: a, buffer, next } = given()
    next()
    a.patch('x', { note: 'n' })
    next()
    a.upsert({ id: 'x', balance: 1 })
    await expect(buffer.settle()).rejects.toThrow(RowMissingError)
  })

  test('of several, the earliest event’s is reported', async () => {
    const { accounts: a, visits: v, buffer, next } = given()
    next()
    v.patch(['d', 'first'], { count: 1 })
    next()
    a.patch('second', { note: 'n' })
    next()
    v.patch(['d', 'third'], { count: 1 })
    await expect(buffer.settle()).rejects.toThrow(/"first"/)
  })

  test('after a reset nothing uncommitted is left, and committed rows are read again', async () => {
    const { accounts: a, buffer, next, commit, rows } = given()
    next()
    a.upsert({ id: 'x', balance: 1 })
    await commit()
    next()
    a.increment('x', { balance: 100 })
    a.upsert({ id: 'y', balance: 1 })
    a.increment('z', { balance: 1 })
    buffer.reset()
    expect(buffer.pending).toBe(0)
    next()
    a.increment('x', { balance: 1 })
    await commit()
    expect(rows.values(accounts)).toEqual([account('x', 2)])
    expect(rows.loads).toEqual([{ table: 'accounts', keys: ['x'] }])
  })

  describe('of a load, while another is under way, and the events handled again after a reset', () => {
    test('are counted once where the load ends before', async () => {
      const { held, handle, commit, rows } = await resetWhileLoading()
      held.resolve()
      await turnOfTheLoop()
      handle()
      await commit()
      expect(rows.values(visits)).toEqual([{ day: 'd', page: 'p', count: 1 }])
      expect(rows.values(accounts)).toEqual([account('x', 1)])
    })

    test('are in their own commit where it ends after', async () => {
      const { held, handle, buffer, commit, rows } = await resetWhileLoading()
      handle()
      await commit()
      expect(rows.values(visits)).toEqual([{ day: 'd', page: 'p', count: 1 }])
      held.resolve()
      await turnOfTheLoop()
      expect(buffer.pending).toBe(0)
    })

    test('lose nothing where it fails after', async () => {
      const { held, handle, buffer, commit, rows } = await resetWhileLoading()
      handle()
      await commit()
      held.reject(new Error('no connection either'))
      await turnOfTheLoop()
      expect(buffer.pending).toBe(0)
      await commit()
      expect(rows.values(visits)).toEqual([{ day: 'd', page: 'p', count: 1 }])
    })
  })

  test('a reset ends what a handler waits for, and a load that it began fails nobody else', async () => {
    const { accounts: a, buffer, next, commit, rows } = given()
    const held = Promise.withResolvers<void>()
    next()
    a.increment('x', { balance: 1 })
    rows.before = () => held.promise
    next()
    const answer = a.get('x')
    await turnOfTheLoop()
    expect(rows.loads).toHaveLength(1)
    next()
    const asked = a.get('y')
    buffer.reset()
    await expect(answer).rejects.toThrow('forgotten')
    await expect(asked).rejects.toThrow('forgotten')
    rows.before = undefined
    next()
    a.increment('x', { balance: 1 })
    expect(await a.get('x')).toMatchObject({ balance: 1 })
    held.reject(new Error('no connection'))
    await turnOfTheLoop()
    await commit()
    expect(rows.values(accounts)).toEqual([account('x', 1)])
  })

  test('what a rolled-back transaction wrote is forgotten too', async () => {
    const { accounts: a, buffer, next, rows, commit } = given()
    next()
    a.upsert({ id: 'x', balance: 1 })
    await buffer.write(rows.store.begin(), 0)
    buffer.reset()
    next()
    expect(await a.get('x')).toBeUndefined()
    await commit()
    expect(rows.values(accounts)).toEqual([])
  })

  const misfits: readonly (readonly [string, (a: RowOperations) => void, RegExp])[] = [
    [
      'a wrong type',
      (a) => a.upsert({ id: 'x', balance: '1' }),
      /accounts\.balance must be a number of at most 12 digits, 2 decimals, not "1"/,
    ],
    ['a missing column', (a) => a.upsert({ id: 'x' }), /accounts\.balance is missing, and has no default/],
    ['null where none may be', (a) => a.upsert({ id: 'x', balance: null }), /accounts\.balance must not be null/],
    ['an unknown column', (a) => a.upsert({ id: 'x', balance: 1, blance: 1 }), /accounts\.blance is no column; did you mean "balance"\?/],
    ['an unknown column in a patch', (a) => a.patch('x', { nope: 1 }), /accounts\.nope is no column/],
    ['a key in a patch', (a) => a.patch('x', { id: 'y' }), /accounts\.id is part of the key/],
    ['text to add', (a) => a.increment('x', { note: 'n' }), /accounts\.note is text, and only numbers are incremented/],
    ['null to add', (a) => a.increment('x', { balance: null }), /must not be incremented by null/],
    ['a key of the wrong type', (a) => a.delete(5), /accounts\.id must be text, not 5/],
    ['too many key values', (a) => a.delete(['x', 'y']), /is a key of 1 value\(s\), and an array was given/],
    ['a key too long for an index', (a) => a.upsert({ id: '✓'.repeat(501), balance: 1 }), /holds 1503 bytes: at most 1500 fit/],
  ]
  test.each(misfits)('%s is refused, naming table and column', (_what, operation, message) => {
    const { accounts: a, next, buffer } = given()
    next()
    expect(() => operation(a)).toThrow(RowValueError)
    expect(() => operation(a)).toThrow(message)
    buffer.reset()
    expect(buffer.pending).toBe(0)
  })

  test('a fold that changes the key, leaves out a column or makes no row is refused', () => {
    const { accounts: a, next } = given()
    next()
    a.upsert({ id: 'x', balance: 1 })
    expect(() => a.update('x', (row) => ({ ...row, id: 'y' }))).toThrow(/accounts\.id is part of the key and cannot change from "x" to "y"/)
    expect(() => a.update('x', () => ({ id: 'x' }))).toThrow(/accounts\.balance is missing/)
    expect(() => a.update('x', (row) => ({ ...row, oops: 1 }))).toThrow(/accounts\.oops is no column/)
    expect(() => a.update('x', () => 5 as never)).toThrow(/must be a row, and 5 was returned/)
  })

  test('a fold cannot change the row that it is given', () => {
    const { accounts: a, next } = given()
    next()
    a.upsert({ id: 'x', balance: 1, tags: ['a'] })
    expect(() => a.update('x', (row) => Object.assign(row ?? {}, { balance: 2 }))).toThrow(TypeError)
  })
})

describe('the cache', () => {
  test('keeps rows between commits, as many as it may', async () => {
    const { accounts: a, next, commit, rows } = given({ cacheRows: 2 })
    for (const id of ['a', 'b', 'c', 'd']) {
      next()
      a.upsert({ id, balance: 1 })
      await commit()
    }
    for (const id of ['a', 'b', 'c', 'd']) {
      next()
      a.increment(id, { balance: 1 })
    }
    await commit()
    expect(rows.loads).toHaveLength(1)
    expect(rows.loads[0]?.keys).toHaveLength(2)
    expect(rows.values(accounts)).toEqual(['a', 'b', 'c', 'd'].map((id) => account(id, 2)))
  })

  test('stays under its bytes', async () => {
    const { accounts: a, next, commit, rows } = given({ cacheBytes: 40_000 })
    for (let i = 0; i < 100; i++) {
      next()
      a.upsert({ id: `${i}`, balance: 1, note: 'x'.repeat(2_000) })
      await commit()
    }
    for (let i = 0; i < 100; i++) {
      next()
      a.increment(`${i}`, { balance: 1 })
    }
    await commit()
    const loaded = rows.loads[0]?.keys.length ?? 0
    expect(loaded).toBeGreaterThan(85)
    expect(loaded).toBeLessThan(100)
  })

  test('never drops what was not written yet', async () => {
    const { accounts: a, next, commit, rows } = given({ cacheRows: 0 })
    for (let i = 0; i < 10; i++) {
      next()
      a.upsert({ id: `${i}`, balance: i })
    }
    await commit()
    expect(rows.values(accounts)).toHaveLength(10)
  })

  test('events handled while a commit is under way go with the next, and change nothing of what is written', async () => {
    const { accounts: a, buffer, next, rows, commit } = given({ cacheRows: 0 })
    next()
    a.upsert({ id: 'x', balance: 1 })
    const asked = Promise.withResolvers<RowWrites>()
    const goOn = Promise.withResolvers<void>()
    const writing = buffer.write(
      {
        load: (physical, keys) => rows.load(physical, keys),
        write: async (_physical, writes) => {
          asked.resolve(writes)
          await goOn.promise
        },
      },
      0,
    )
    const written = await asked.promise
    next()
    a.increment('x', { balance: 1 })
    a.upsert({ id: 'y', balance: 1 })
    expect(written.upserts.map(({ values }) => values)).toEqual([account('x', 1)])
    goOn.resolve()
    await writing
    await rows.store.write(accounts, written)
    buffer.committed()
    expect(buffer.pending).toBe(2)
    next()
    a.increment('x', { balance: 1 })
    await commit()
    expect(rows.values(accounts)).toEqual([account('x', 3), account('y', 1)])
  })
})
