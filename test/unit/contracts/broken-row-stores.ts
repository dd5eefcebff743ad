import {
  InMemoryRowStore,
  isCairnError,
  RowPartitionError,
  StaleRowError,
  type PhysicalTable,
  type RowKey,
  type RowStorePort,
  type RowValues,
  type RowWrites,
  type StoredRow,
} from '@cairn/core'

type Upsert = RowWrites['upserts'][number]
type Delete = RowWrites['deletes'][number]

/** A sound store in which some methods were replaced by wrong ones. */
function broken(replace: (sound: InMemoryRowStore) => Partial<RowStorePort>): () => RowStorePort {
  return () => {
    const sound = new InMemoryRowStore()
    return { load: (table, keys) => sound.load(table, keys), write: (table, writes) => sound.write(table, writes), ...replace(sound) }
  }
}

/** Rows that go in, and those that come out, are changed. */
const changing = (change: (values: RowValues) => RowValues): (() => RowStorePort) =>
  broken((sound) => ({
    load: async (table, keys) =>
      (await sound.load(table, keys)).map((row) => (row === undefined ? undefined : { ...row, values: change(row.values) })),
  }))

const each =
  (change: (value: unknown) => unknown) =>
  (values: RowValues): RowValues =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))

/** Keys are taken for others. */
const keyed = (change: (key: RowKey) => RowKey): (() => RowStorePort) =>
  broken((sound) => ({
    load: async (table, keys) => {
      const rows = await sound.load(table, keys.map(change))
      return rows.map((row, i) => (row === undefined ? undefined : { ...row, tenantId: keys[i]?.tenantId ?? '', key: keys[i]?.key ?? [] }))
    },
    write: (table, { upserts, deletes }) => {
      const last = new Map(
        upserts.map((row) => [JSON.stringify(change({ tenantId: row.tenantId, key: row.key })), { ...row, ...change(row) }]),
      )
      return sound.write(table, { upserts: [...last.values()], deletes: deletes.map((row) => ({ ...row, ...change(row) })) })
    },
  }))

/** Writes are changed on their way. */
const writing = (change: (writes: RowWrites) => RowWrites): (() => RowStorePort) =>
  broken((sound) => ({ write: (table, writes) => sound.write(table, change(writes)) }))

/** One row after the other, as a store without a transaction. */
async function oneByOne(sound: RowStorePort, table: PhysicalTable, { upserts, deletes }: RowWrites): Promise<void> {
  for (const row of upserts) await sound.write(table, { upserts: [row], deletes: [] })
  for (const row of deletes) await sound.write(table, { upserts: [], deletes: [row] })
}

const hush = async (code: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    if (!isCairnError(error, code)) throw error
  }
}

const far = 1_000_000

/** What each broken store does wrong, and the group of the contract that must notice. */
export const brokenRowStores: Readonly<Record<string, { readonly caughtBy: string; readonly make: () => RowStorePort }>> = {
  'finds nothing': { caughtBy: 'write and load', make: broken(() => ({ load: async (_, keys) => keys.map(() => undefined) })) },
  'answers in an order of its own': {
    caughtBy: 'write and load',
    make: broken((s) => ({
      load: async (table, keys) => (await s.load(table, keys)).toSorted((a, b) => textOf(a).localeCompare(textOf(b))),
    })),
  },
  'leaves out what is not there': {
    caughtBy: 'write and load',
    make: broken((s) => ({ load: async (table, keys) => (await s.load(table, keys)).filter((row) => row !== undefined) })),
  },
  'answers a key once': {
    caughtBy: 'write and load',
    make: broken((s) => ({
      load: async (table, keys) => {
        const seen = new Set<string>()
        return (await s.load(table, keys)).map((row, i) => {
          const id = JSON.stringify(keys[i])
          if (seen.has(id)) return undefined
          seen.add(id)
          return row
        })
      },
    })),
  },
  'fails where nothing is asked or written': {
    caughtBy: 'write and load',
    make: broken((s) => ({
      load: (table, keys) => (keys.length === 0 ? Promise.reject(new Error('empty')) : s.load(table, keys)),
      write: (table, writes) =>
        writes.upserts.length + writes.deletes.length === 0 ? Promise.reject(new Error('empty')) : s.write(table, writes),
    })),
  },
  'keeps old values where the new row has none': {
    caughtBy: 'write and load',
    make: broken((s) => ({
      write: async (table, { upserts, deletes }) => {
        const before = await s.load(table, upserts)
        const merged = upserts.map((row, i) => {
          const given = Object.entries(row.values).filter(([, value]) => value !== null)
          return {
            ...row,
            values: { ...before[i]?.values, ...row.values, ...Object.fromEntries(given), ...nullsOf(before[i], row.values) },
          }
        })
        await s.write(table, { upserts: merged, deletes })
      },
    })),
  },
  'deletes nothing': { caughtBy: 'write and load', make: writing(({ upserts }) => ({ upserts, deletes: [] })) },
  'fails to delete what is not there': {
    caughtBy: 'write and load',
    make: broken((s) => ({
      write: async (table, writes) => {
        if ((await s.load(table, writes.deletes)).includes(undefined)) throw new Error('gone')
        await s.write(table, writes)
      },
    })),
  },
  'carries out deletes or upserts of one call': {
    caughtBy: 'write and load',
    make: writing(({ upserts, deletes }) => (upserts.length > 0 ? { upserts, deletes: [] } : { upserts, deletes })),
  },
  'knows no tenants': { caughtBy: 'write and load', make: keyed((key) => ({ ...key, tenantId: 'all' })) },
  'knows one table': {
    caughtBy: 'write and load',
    make: broken((s) => ({
      load: (table, keys) => s.load({ ...table, name: 'all' }, keys),
      write: (table, writes) => s.write({ ...table, name: 'all' }, writes),
    })),
  },
  'looks at the first part of a key': { caughtBy: 'write and load', make: keyed((key) => ({ ...key, key: key.key.slice(0, 1) })) },
  'writes the first five thousand rows': {
    caughtBy: 'write and load',
    make: writing(({ upserts, deletes }) => ({ upserts: upserts.slice(0, 5_000), deletes: deletes.slice(0, 5_000) })),
  },
  'trims ids': {
    caughtBy: 'write and load',
    make: keyed((key) => ({ ...key, key: key.key.map((part) => (typeof part === 'string' ? part.trim() : part)) })),
  },
  'takes any position': {
    caughtBy: 'positions and partitions',
    make: writing(({ upserts, deletes }) => ({
      upserts: upserts.map((row) => ({ ...row, position: row.position + far * tick() })),
      deletes: deletes.map((row) => ({ ...row, position: row.position + far * tick() })),
    })),
  },
  'passes over what is stale, in silence': {
    caughtBy: 'positions and partitions',
    make: broken((s) => ({ write: (table, writes) => hush('CAIRN_STALE_ROW', () => s.write(table, writes)) })),
  },
  'takes a row’s own position again': {
    caughtBy: 'positions and partitions',
    make: broken((s) => ({
      write: async (table, writes) => {
        const all = await s.load(table, writes.upserts)
        const upserts = writes.upserts.map((row, i) => (all[i]?.position === row.position ? { ...row, position: row.position + 0.5 } : row))
        await s.write(table, { ...writes, upserts })
      },
    })),
  },
  'deletes whatever the position': {
    caughtBy: 'positions and partitions',
    make: writing(({ upserts, deletes }) => ({ upserts, deletes: deletes.map((row) => ({ ...row, position: row.position + far })) })),
  },
  'writes some rows of a call that it refuses': {
    caughtBy: 'positions and partitions',
    make: broken((s) => ({ write: (table, writes) => oneByOne(s, table, writes) })),
  },
  'counts the rows of the call': {
    caughtBy: 'positions and partitions',
    make: broken((s) => ({
      write: async (table, writes) => {
        try {
          await s.write(table, writes)
        } catch (error) {
          const rows: readonly (Upsert | Delete)[] = [...writes.upserts, ...writes.deletes]
          if (isCairnError(error, 'CAIRN_STALE_ROW')) throw new StaleRowError(table.name, rows.length, rows[0]?.position ?? 0)
          throw error
        }
      },
    })),
  },
  'knows no partitions': {
    caughtBy: 'positions and partitions',
    make: writing(({ upserts, deletes }) => ({
      upserts: upserts.map((row) => ({ ...row, partition: 0 })),
      deletes: deletes.map((row) => ({ ...row, partition: 0 })),
    })),
  },
  'refuses another partition for good': {
    caughtBy: 'positions and partitions',
    make: broken((s) => {
      const first = new Map<string, number>()
      return {
        write: async (table, writes) => {
          for (const row of writes.upserts) {
            const id = JSON.stringify([table.name, row.tenantId, row.key])
            if ((first.get(id) ?? row.partition) !== row.partition) throw new RowPartitionError(table.name, 1, row.partition)
          }
          await s.write(table, writes)
          for (const row of writes.upserts) first.set(JSON.stringify([table.name, row.tenantId, row.key]), row.partition)
        },
      }
    }),
  },
  'compares positions of 32 bits': {
    caughtBy: 'positions and partitions',
    make: broken((s) => ({
      load: async (table, keys) =>
        (await s.load(table, keys)).map((row) => (row === undefined ? undefined : { ...row, position: row.position % 2 ** 32 })),
    })),
  },
  'writes fresh rows over others': {
    caughtBy: 'positions and partitions',
    make: writing(({ upserts, deletes }) => ({ upserts: upserts.map((row) => ({ ...row, fresh: false })), deletes })),
  },
  'rounds numbers': { caughtBy: 'values', make: changing(each((value) => (typeof value === 'number' ? Math.fround(value) : value))) },
  'gives long decimals as numbers': {
    caughtBy: 'values',
    make: changing((values) => ({ ...values, ...('huge' in values && values['huge'] !== null ? { huge: Number(values['huge']) } : {}) })),
  },
  'takes an empty text for none': { caughtBy: 'values', make: changing(each((value) => (value === '' ? null : value))) },
  'takes none for an empty text': { caughtBy: 'values', make: changing(each((value) => value ?? '')) },
  'gives times in seconds': {
    caughtBy: 'values',
    make: changing(
      each((value) => (typeof value === 'string' && /T.*\.\d{3}Z$/.test(value) ? value.replace(/\.\d{3}Z$/, '.000Z') : value)),
    ),
  },
  'sorts the lists in JSON': { caughtBy: 'values', make: changing(each((value) => (Array.isArray(value) ? value.toReversed() : value))) },
}

let ticks = 0
const tick = (): number => ++ticks

function textOf(row: StoredRow | undefined): string {
  return row === undefined ? '' : JSON.stringify(row.key)
}

/** Values of before in the places where the new row has null. */
function nullsOf(before: StoredRow | undefined, values: RowValues): RowValues {
  if (before === undefined) return {}
  return Object.fromEntries(Object.keys(values).flatMap((name) => (values[name] === null ? [[name, before.values[name]]] : [])))
}
