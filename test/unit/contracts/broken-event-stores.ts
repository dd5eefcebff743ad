import {
  EventStoreDecorator,
  isCairnError,
  matchesExpectedVersion,
  uuidv7,
  VersionConflictError,
  type AppendGroupResult,
  type AppendResult,
  type EventStore,
  type EventStoreTransaction,
  type RecordedEvent,
  type StoredSnapshot,
  type StreamKey,
} from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { setImmediate } from 'node:timers/promises'

class PassesOn extends EventStoreDecorator {}

/** A sound store in which some methods were replaced by wrong ones. */
function broken(replace: (sound: EventStore) => Partial<EventStore>, maxPayloadBytes?: number): () => EventStore {
  return () => {
    const sound = new InMemoryEventStore(maxPayloadBytes === undefined ? {} : { maxPayloadBytes })
    return Object.assign(new PassesOn(sound), replace(sound))
  }
}

/** The same for what `transaction` hands to its work. */
function brokenTransaction(replace: (tx: EventStoreTransaction, sound: EventStore) => Partial<EventStoreTransaction>): () => EventStore {
  return broken((sound) => ({
    transaction: (tenantId, work) =>
      sound.transaction(tenantId, (tx) =>
        work({
          tenantId: tx.tenantId,
          load: (stream, options) => tx.load(stream, options),
          append: (request) => tx.append(request),
          reserve: (scope, key) => tx.reserve(scope, key),
          release: (scope, key) => tx.release(scope, key),
          resultOf: (command) => tx.resultOf(command),
          commands: tx.commands,
          ...replace(tx, sound),
        }),
      ),
  }))
}

async function* mapped(events: AsyncIterable<RecordedEvent>, map: (event: RecordedEvent) => RecordedEvent): AsyncIterable<RecordedEvent> {
  for await (const event of events) yield map(event)
}

function keyOf({ tenantId, aggregateType, aggregateId }: StreamKey): string {
  return JSON.stringify([tenantId, aggregateType, aggregateId])
}

function mapEvents(result: AppendResult, map: (event: RecordedEvent) => RecordedEvent): AppendResult {
  return { ...result, events: result.events.map(map) }
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const rest = { ...value }
  Reflect.deleteProperty(rest, key)
  return rest
}

function composed(key: StreamKey): StreamKey {
  return { ...key, aggregateId: key.aggregateId.normalize('NFC') }
}

function joined({ tenantId, aggregateType, aggregateId }: StreamKey): StreamKey {
  return { tenantId, aggregateType: 'one', aggregateId: `${aggregateType}/${aggregateId}`.slice(0, 200) }
}

/** What cannot be stored becomes a question mark. */
function repair(value: unknown): unknown {
  return JSON.parse((JSON.stringify(value) ?? 'null').replaceAll(/\\u0000|\\ud[89a-f]../g, '?'))
}

function numbered(_: string, value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
}

/** A copy as careless code makes it. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (typeof value !== 'object' || value === null) return value
  const target: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) target[key] = copy(inner)
  return target
}

/** What each broken store does wrong, and the group of the contract that must notice. */
export const brokenEventStores: Readonly<Record<string, { readonly caughtBy: string; readonly make: () => EventStore }>> = {
  'loses the last event of an append': {
    caughtBy: 'append',
    make: broken((s) => ({ append: (r) => s.append({ ...r, events: r.events.length > 1 ? r.events.slice(0, -1) : r.events }) })),
  },
  'stores the events of an append in the wrong order': {
    caughtBy: 'append',
    make: broken((s) => ({ append: (r) => s.append({ ...r, events: r.events.toReversed() }) })),
  },
  'answers every read with nothing': {
    caughtBy: 'append',
    make: broken(() => ({
      load: async () => ({ version: 0, closed: false, snapshot: undefined, events: [] }),
      readStream: async function* () {},
      readAll: async (options) => ({ events: [], next: options?.after ?? 0, horizon: 0 }),
      query: async () => ({ events: [], next: undefined }),
      countByType: async () => [],
      existsAll: async () => false,
      existsOne: async () => false,
      resultOf: async () => undefined,
    })),
  },
  'drops the metadata it does not know': {
    caughtBy: 'append',
    make: broken((s) => ({
      append: (r) =>
        s.append({
          ...r,
          events: r.events.map((event) => {
            const { correlationId, causationId, schemaVersion } = event.metadata
            return { ...event, metadata: { correlationId, causationId, schemaVersion } }
          }),
        }),
    })),
  },
  'keeps ids in the case they came in': {
    caughtBy: 'append',
    make: broken((s) => ({
      append: async (r) => mapEvents(await s.append(r), (event) => ({ ...event, id: r.events[event.version - 1]?.id ?? event.id })),
    })),
  },
  'answers with what it was given and not with what it stored': {
    caughtBy: 'append',
    make: broken((s) => ({
      append: async (r) => {
        const result = await s.append(r)
        return { ...result, events: result.events.map((event, i) => ({ ...event, payload: r.events[i]?.payload })) }
      },
    })),
  },
  'counts positions down': {
    caughtBy: 'append',
    make: broken((s) => ({
      append: async (r) => mapEvents(await s.append(r), (event) => ({ ...event, position: 1_000_000 - event.position })),
    })),
  },
  'does not know audited commands': {
    caughtBy: 'append',
    make: broken((s) => ({
      append: async (r) => {
        if (r.command?.audit !== undefined) throw new TypeError('audit')
        return s.append(r)
      },
    })),
  },
  'finds streams that do not exist': {
    caughtBy: 'readStream',
    make: broken((s) => {
      const nobody: RecordedEvent = {
        id: uuidv7(),
        tenantId: 'nobody',
        aggregateType: 'order',
        aggregateId: 'o-1',
        type: 'order.noted',
        payload: {},
        metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
        version: 1,
        position: 1,
        recordedAt: new Date(),
      }
      return {
        load: async (stream, options) => ({ ...(await s.load(stream, options)), version: 1 }),
        readStream: async function* () {
          yield nobody
        },
        existsAll: async () => true,
        existsOne: async () => true,
      }
    }),
  },
  'gives times as text': {
    caughtBy: 'append',
    make: broken((s) => ({
      append: async (r) => mapEvents(await s.append(r), (event) => Object.assign(event, { recordedAt: event.recordedAt.toISOString() })),
    })),
  },
  'forgets the schema version': {
    caughtBy: 'append',
    make: broken((s) => ({
      load: async (stream, options) => {
        const loaded = await s.load(stream, options)
        return { ...loaded, events: loaded.events.map((event) => ({ ...event, schemaVersion: 1 })) }
      },
    })),
  },
  'ignores the expected version': {
    caughtBy: 'expected version',
    make: broken((s) => ({
      append: (r) => s.append({ ...r, expected: 'any' }),
      appendGroup: (r) => s.appendGroup({ ...r, expected: 'any' }),
    })),
  },
  'takes exists for any': {
    caughtBy: 'expected version',
    make: broken((s) => ({ append: (r) => s.append({ ...r, expected: r.expected === 'exists' ? 'any' : r.expected }) })),
  },
  'takes 0 for any': {
    caughtBy: 'expected version',
    make: broken((s) => ({ append: (r) => s.append({ ...r, expected: r.expected === 0 ? 'any' : r.expected }) })),
  },
  'checks the version first and appends later': {
    caughtBy: 'expected version',
    make: broken((s) => ({
      append: async (r) => {
        const { version } = await s.load(r.stream)
        await setImmediate()
        if (!matchesExpectedVersion(r.expected, version)) throw new VersionConflictError(r.stream, r.expected, version)
        return s.append({ ...r, expected: 'any' })
      },
    })),
  },
  'tells a loser the version it expected instead of the actual one': {
    caughtBy: 'expected version',
    make: broken((s) => ({
      append: async (r) => {
        try {
          return await s.append(r)
        } catch (error) {
          throw isCairnError(error, 'CAIRN_VERSION_CONFLICT') ? new VersionConflictError(r.stream, r.expected, Number(r.expected)) : error
        }
      },
    })),
  },
  'keeps the receipt of a refused append': {
    caughtBy: 'expected version',
    make: broken((s) => {
      const refused = new Set<string>()
      return {
        append: (r) =>
          s.append(r).catch((error) => {
            refused.add(r.command?.id ?? '')
            throw error
          }),
        resultOf: async (tenantId, command) => {
          const found = await s.resultOf(tenantId, command)
          const wrong: AppendResult = {
            stream: { tenantId, aggregateType: '', aggregateId: '' },
            events: [],
            version: 0,
            position: 0,
            duplicate: true,
          }
          return found ?? (refused.has(command.id) ? wrong : undefined)
        },
      }
    }),
  },
  'forgets receipts': {
    caughtBy: 'command ids',
    make: broken((s) => ({
      append: ({ stream, expected, events, snapshot }) => s.append({ stream, expected, events, ...(snapshot && { snapshot }) }),
    })),
  },
  'forgets commands without events': {
    caughtBy: 'command ids',
    make: broken((s) => ({
      append: async (r) => {
        if (r.events.length > 0) return s.append(r)
        const { version } = await s.load(r.stream)
        return { stream: r.stream, events: [], version, position: 0, duplicate: false }
      },
    })),
  },
  'finds the conflict before the earlier command': {
    caughtBy: 'command ids',
    make: broken((s) => ({
      append: async (r) => {
        const { version } = await s.load(r.stream)
        if (!matchesExpectedVersion(r.expected, version)) throw new VersionConflictError(r.stream, r.expected, version)
        return s.append(r)
      },
    })),
  },
  'does not say that an answer is a duplicate': {
    caughtBy: 'command ids',
    make: broken((s) => ({ append: async (r) => ({ ...(await s.append(r)), duplicate: false }) })),
  },
  'answers a duplicate with the version of now': {
    caughtBy: 'command ids',
    make: broken((s) => ({ append: async (r) => ({ ...(await s.append(r)), version: (await s.load(r.stream)).version }) })),
  },
  'does not compare what a command id was used for': {
    caughtBy: 'command ids',
    make: broken((s) => ({
      append: (r) => s.append(r.command === undefined ? r : { ...r, command: { ...r.command, hash: '0'.repeat(64) } }),
      resultOf: (tenantId, command) => s.resultOf(tenantId, { ...command, hash: '0'.repeat(64) }),
    })),
  },
  'takes an id in upper case for another': {
    caughtBy: 'command ids',
    make: broken((s) => ({
      append: (r) =>
        s.append(
          r.command === undefined || r.command.id === r.command.id.toLowerCase() ? r : { ...r, command: { ...r.command, id: uuidv7() } },
        ),
    })),
  },
  'looks for a command first and appends later': {
    caughtBy: 'command ids',
    make: broken((s) => ({
      append: async (r) => {
        const found = r.command === undefined ? undefined : await s.resultOf(r.stream.tenantId, r.command)
        await setImmediate()
        return found ?? s.append({ stream: r.stream, expected: r.expected, events: r.events })
      },
    })),
  },
  'stores the parts of a group one by one': {
    caughtBy: 'appendGroup',
    make: broken((s) => ({
      appendGroup: async (r): Promise<AppendGroupResult> => {
        const results: AppendResult[] = []
        for (const part of r.parts) {
          results.push(await s.append({ stream: r.stream, expected: results.length === 0 ? r.expected : 'any', ...part }))
        }
        return { stored: true, results }
      },
    })),
  },
  'answers a group with an earlier command as if it had been stored': {
    caughtBy: 'appendGroup',
    make: broken((s) => ({
      appendGroup: async (r) => {
        const group = await s.appendGroup(r)
        return { stored: true, results: group.results.flatMap((result) => (result === undefined ? [] : [result])) }
      },
    })),
  },
  'loses the snapshot of a group': {
    caughtBy: 'appendGroup',
    make: broken((s) => ({ appendGroup: ({ stream, expected, parts }) => s.appendGroup({ stream, expected, parts }) })),
  },
  'gives all parts of a group the version of the last': {
    caughtBy: 'appendGroup',
    make: broken((s) => ({
      appendGroup: async (r) => {
        const group = await s.appendGroup(r)
        const version = group.results.at(-1)?.version ?? 0
        return group.stored ? { stored: true, results: group.results.map((result) => ({ ...result, version })) } : group
      },
    })),
  },
  'replaces a newer snapshot by an older one': {
    caughtBy: 'load and snapshots',
    make: broken((s) => {
      const last = new Map<string, StoredSnapshot>()
      return {
        append: async (r) => {
          const result = await s.append(r)
          if (r.snapshot !== undefined && !result.duplicate) last.set(keyOf(r.stream), structuredClone(r.snapshot))
          return result
        },
        load: async (stream, options) => {
          const loaded = await s.load(stream, options)
          const snapshot = loaded.snapshot && last.get(keyOf(stream))
          if (snapshot === undefined) return loaded
          return { ...loaded, snapshot, events: (await s.load(stream, { afterVersion: snapshot.version })).events }
        },
      }
    }),
  },
  'gives the whole stream beside the snapshot': {
    caughtBy: 'load and snapshots',
    make: broken((s) => ({
      load: async (stream, options) => ({
        ...(await s.load(stream, options)),
        events: (await s.load(stream, { useSnapshot: false })).events,
      }),
    })),
  },
  'uses the snapshot when told not to': {
    caughtBy: 'load and snapshots',
    make: broken((s) => ({ load: (stream, options) => s.load(stream, { ...options, useSnapshot: true }) })),
  },
  'uses the snapshot where a version was named': {
    caughtBy: 'load and snapshots',
    make: broken((s) => ({ load: (stream) => s.load(stream) })),
  },
  'loses snapshots': {
    caughtBy: 'load and snapshots',
    make: broken((s) => ({
      append: ({ stream, expected, events, command }) => s.append({ stream, expected, events, ...(command && { command }) }),
    })),
  },
  'takes a snapshot of the future': {
    caughtBy: 'load and snapshots',
    make: broken((s) => ({
      append: (r) => {
        const end = Number(r.expected) + r.events.length
        return s.append(r.snapshot !== undefined && r.snapshot.version > end ? { ...r, snapshot: { ...r.snapshot, version: end } } : r)
      },
    })),
  },
  'counts versions from 0': {
    caughtBy: 'load and snapshots',
    make: broken((s) => ({
      load: async (stream, options) => {
        const loaded = await s.load(stream, options)
        return { ...loaded, events: loaded.events.map((event) => ({ ...event, version: event.version - 1 })) }
      },
    })),
  },
  'reads a stream behind its first version': {
    caughtBy: 'readStream',
    make: broken((s) => ({
      readStream: (stream, options) => s.readStream(stream, { ...options, fromVersion: (options?.fromVersion ?? 1) + 1 }),
    })),
  },
  'leaves out the last version asked for': {
    caughtBy: 'readStream',
    make: broken((s) => ({
      readStream: (stream, o) => s.readStream(stream, o?.toVersion === undefined ? o : { ...o, toVersion: Math.max(o.toVersion - 1, 0) }),
    })),
  },
  'ignores the limit of a stream': {
    caughtBy: 'readStream',
    make: broken((s) => ({ readStream: (stream, o) => s.readStream(stream, { ...o, limit: Number.MAX_SAFE_INTEGER }) })),
  },
  'leaves out what was recorded at the time asked for': {
    caughtBy: 'readStream',
    make: broken((s) => ({
      readStream: (stream, o) => s.readStream(stream, o?.until === undefined ? o : { ...o, until: new Date(o.until.getTime() - 1) }),
    })),
  },
  'reads at most 1,000 events of a stream': {
    caughtBy: 'readStream',
    make: broken((s) => ({ readStream: (stream, o) => s.readStream(stream, { ...o, limit: Math.min(o?.limit ?? 1_000, 1_000) }) })),
  },
  'gives the log in the wrong order': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: async (o) => {
        const page = await s.readAll(o)
        return { ...page, events: page.events.toReversed() }
      },
    })),
  },
  'skips an event between two pages': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: async (o) => {
        const page = await s.readAll(o)
        return page.events.length === o?.limit ? { ...page, next: page.next + 1 } : page
      },
    })),
  },
  'repeats an event between two pages': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: async (o) => {
        const page = await s.readAll(o)
        return page.events.length > 1 && page.events.length === o?.limit ? { ...page, next: page.next - 1 } : page
      },
    })),
  },
  'lets readers pass what is not committed yet': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: async (o) => {
        const page = await s.readAll(o)
        return page.events.length < (o?.limit ?? 1_000) ? { ...page, next: page.next + 3 } : page
      },
    })),
  },
  'shows every tenant to a reader of one': {
    caughtBy: 'readAll',
    make: broken((s) => ({ readAll: (o = {}) => s.readAll(without(o, 'tenantId')) })),
  },
  'ignores the types asked for': {
    caughtBy: 'readAll',
    make: broken((s) => ({ readAll: (o = {}) => s.readAll(without(o, 'types')) })),
  },
  'stays where it is when a filter leaves everything out': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: async (o) => {
        const page = await s.readAll(o)
        return { ...page, next: page.events.at(-1)?.position ?? o?.after ?? 0 }
      },
    })),
  },
  'goes back to the horizon': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: async (o) => {
        const page = await s.readAll(o)
        return { ...page, next: Math.min(page.next, page.horizon) }
      },
    })),
  },
  'asks for all types where none is named': {
    caughtBy: 'readAll',
    make: broken((s) => ({
      readAll: (o = {}) => {
        const { types, ...rest } = o
        return s.readAll(types?.length === 0 ? rest : o)
      },
    })),
  },
  'answers a query with every tenant': {
    caughtBy: 'tenants',
    make: broken((s) => ({ query: async (filter, o) => ({ ...(await s.query(filter, o)), events: (await s.readAll()).events }) })),
  },
  'ignores a filter': {
    caughtBy: 'query',
    make: broken((s) => ({ query: (filter, o) => s.query(without(filter, 'workflowId'), o) })),
  },
  'joins filters by OR': {
    caughtBy: 'query',
    make: broken((s) => ({
      query: async (filter, o) => {
        const { tenantId, userId, projectId, ...rest } = filter
        if (userId === undefined || projectId === undefined) return s.query(filter, o)
        const pages = [await s.query({ tenantId, userId, ...rest }, o), await s.query({ tenantId, projectId, ...rest }, o)]
        const events = new Map(pages.flatMap((page) => page.events).map((event) => [event.position, event]))
        return { events: [...events.values()].toSorted((a, b) => a.position - b.position), next: undefined }
      },
    })),
  },
  'includes the end of a time range': {
    caughtBy: 'query',
    make: broken((s) => ({ query: (f, o) => s.query(f.to === undefined ? f : { ...f, to: new Date(f.to.getTime() + 1) }, o) })),
  },
  'leaves out the start of a time range': {
    caughtBy: 'query',
    make: broken((s) => ({ query: (f, o) => s.query(f.from === undefined ? f : { ...f, from: new Date(f.from.getTime() + 1) }, o) })),
  },
  'takes a time that is none for no limit': {
    caughtBy: 'query',
    make: broken((s) => ({ query: (f, o) => s.query(Number.isNaN(f.from?.getTime()) ? without(f, 'from') : f, o) })),
  },
  'includes the cursor in the next page': {
    caughtBy: 'query',
    make: broken((s) => ({ query: (f, o) => s.query(f, o?.cursor === undefined ? o : { ...o, cursor: Math.max(o.cursor - 1, 0) }) })),
  },
  'always answers oldest first': {
    caughtBy: 'query',
    make: broken((s) => ({ query: (f, o) => s.query(f, { ...o, order: 'oldest-first' }) })),
  },
  'promises a page behind the last one': {
    caughtBy: 'query',
    make: broken((s) => ({
      query: async (f, o) => {
        const page = await s.query(f, o)
        return page.events.length === (o?.limit ?? 100) ? { ...page, next: page.events.at(-1)?.position } : page
      },
    })),
  },
  'counts the least first': {
    caughtBy: 'query',
    make: broken((s) => ({ countByType: async (tenantId) => (await s.countByType(tenantId)).toReversed() })),
  },
  'finds one stream and says all': {
    caughtBy: 'existsAll and existsOne',
    make: broken((s) => ({ existsAll: (streams) => s.existsOne(streams) })),
  },
  'wants all streams for one': {
    caughtBy: 'existsAll and existsOne',
    make: broken((s) => ({ existsOne: (streams) => s.existsAll(streams) })),
  },
  'counts a stream that is named twice': {
    caughtBy: 'existsAll and existsOne',
    make: broken((s) => ({ existsAll: async (streams) => new Set(streams.map(keyOf)).size === streams.length && s.existsAll(streams) })),
  },
  'does not close': { caughtBy: 'close', make: broken(() => ({ close: async () => {} })) },
  'closes without a look at the version': {
    caughtBy: 'close',
    make: broken((s) => ({ close: (stream) => s.close(stream) })),
  },
  'refuses to close twice': {
    caughtBy: 'close',
    make: broken((s) => ({
      close: async (stream, expected) => {
        if ((await s.load(stream)).closed) throw new VersionConflictError(stream, 0, 0)
        return s.close(stream, expected)
      },
    })),
  },
  'hides a closed stream': {
    caughtBy: 'close',
    make: broken((s) => ({
      load: async (stream, options) => {
        const loaded = await s.load(stream, options)
        return loaded.closed ? { ...loaded, events: [] } : loaded
      },
    })),
  },
  'forgets the commands of a closed stream': {
    caughtBy: 'close',
    make: broken((s) => ({
      append: async (r) =>
        (await s.load(r.stream)).closed ? s.append({ ...r, command: { id: uuidv7(), hash: '0'.repeat(64) } }) : s.append(r),
    })),
  },
  'closes the streams of the same id in every tenant': {
    caughtBy: 'close',
    make: broken((s) => ({
      close: async (stream, expected) => {
        await s.close(stream, expected)
        for (const event of (await s.readAll()).events) {
          if (event.aggregateType === stream.aggregateType && event.aggregateId === stream.aggregateId) await s.close(event)
        }
      },
    })),
  },
  'appends inside a transaction at once': {
    caughtBy: 'transaction',
    make: brokenTransaction((_, s) => ({ append: (r) => void s.append(r).catch(() => undefined) })),
  },
  'carries out the appends of a transaction one by one': {
    caughtBy: 'transaction',
    make: broken((s) => ({
      transaction: async (tenantId, work) => {
        const requests: Parameters<EventStore['append']>[0][] = []
        const value = await s.transaction(tenantId, (tx) =>
          work({
            tenantId,
            load: (stream, options) => tx.load(stream, options),
            append: (request) => void requests.push(request),
            reserve: (scope, key) => tx.reserve(scope, key),
            release: (scope, key) => tx.release(scope, key),
            resultOf: (command) => tx.resultOf(command),
            commands: tx.commands,
          }),
        )
        for (const request of requests) await s.append(request)
        return value
      },
    })),
  },
  'swallows what the work throws': {
    caughtBy: 'transaction',
    make: broken((s) => ({
      transaction: async (tenantId, work) => s.transaction(tenantId, (tx) => work(tx).catch((error) => error)),
    })),
  },
  'forgets what the work of a transaction returned': {
    caughtBy: 'transaction',
    make: broken((s) => ({
      transaction: (tenantId, work) => s.transaction(tenantId, work).then(() => Promise.reject(new TypeError('no value'))),
    })),
  },
  'loses the appends of transactions': { caughtBy: 'transaction', make: brokenTransaction(() => ({ append: () => {} })) },
  'lets a transaction append to another tenant': {
    caughtBy: 'transaction',
    make: brokenTransaction((tx, s) => ({
      append: (r) => (r.stream.tenantId === tx.tenantId ? tx.append(r) : void s.append(r)),
    })),
  },
  'lets a transaction load from another tenant': {
    caughtBy: 'transaction',
    make: brokenTransaction((_, s) => ({ load: (stream, options) => s.load(stream, options) })),
  },
  'shows a transaction nothing of what is stored': {
    caughtBy: 'transaction',
    make: brokenTransaction(() => ({
      load: async () => ({ version: 0, closed: false, snapshot: undefined, events: [] }),
      resultOf: async () => undefined,
    })),
  },
  'forgets the commands that a transaction puts aside': {
    caughtBy: 'transaction',
    make: brokenTransaction(() => ({ commands: { enqueue: async () => {}, cancel: async () => 0 } })),
  },
  'reserves nothing': { caughtBy: 'reservations', make: brokenTransaction(() => ({ reserve: async () => {} })) },
  'never releases': { caughtBy: 'reservations', make: brokenTransaction(() => ({ release: async () => true })) },
  'reserves without a look at upper and lower case': {
    caughtBy: 'reservations',
    make: brokenTransaction((tx) => ({ reserve: (scope, key) => tx.reserve(scope, key.toLowerCase()) })),
  },
  'reserves the scope and the key as one text': {
    caughtBy: 'reservations',
    make: brokenTransaction((tx) => ({ reserve: (scope, key) => tx.reserve('all', scope + key) })),
  },
  'keeps a reservation when its transaction fails': {
    caughtBy: 'reservations',
    make: brokenTransaction((tx, s) => ({ reserve: (scope, key) => s.transaction(tx.tenantId, (other) => other.reserve(scope, key)) })),
  },
  'lets a transaction go on without its reservation': {
    caughtBy: 'reservations',
    make: broken((s) => {
      const taken = new Set<string>()
      return {
        transaction: (tenantId, work) =>
          s.transaction(tenantId, (tx) =>
            work({
              tenantId,
              load: (stream, options) => tx.load(stream, options),
              append: (request) => tx.append(request),
              reserve: async (scope, key) => {
                const full = JSON.stringify([tenantId, scope, key])
                // Refused without a word to the transaction, which then commits the rest.
                if (taken.has(full))
                  throw Object.assign(new Error('taken'), { code: 'CAIRN_RESERVATION_TAKEN', retryable: false, details: {} })
                await tx.reserve(scope, key)
                taken.add(full)
              },
              release: (scope, key) => tx.release(scope, key),
              resultOf: (command) => tx.resultOf(command),
              commands: tx.commands,
            }),
          ),
      }
    }),
  },
  'finds the streams of another tenant': {
    caughtBy: 'tenants',
    make: broken((s) => ({
      load: async (stream, options) => {
        const loaded = await s.load(stream, options)
        if (loaded.version > 0) return loaded
        const same = (await s.readAll()).events.find(
          (e) => e.aggregateType === stream.aggregateType && e.aggregateId === stream.aggregateId,
        )
        return same === undefined ? loaded : s.load(same, options)
      },
    })),
  },
  'takes the command ids of all tenants as one': {
    caughtBy: 'tenants',
    make: broken((s) => {
      const results = new Map<string, AppendResult>()
      return {
        append: async (r) => {
          const known = results.get(r.command?.id ?? '')
          if (known !== undefined) return { ...known, duplicate: true }
          const result = await s.append(r)
          if (r.command !== undefined) results.set(r.command.id, result)
          return result
        },
        resultOf: async (tenantId, command) => results.get(command.id) ?? s.resultOf(tenantId, command),
      }
    }),
  },
  'counts the events of every tenant': {
    caughtBy: 'tenants',
    make: broken((s) => ({ countByType: async () => [{ type: 'order.noted', count: (await s.readAll()).events.length }] })),
  },
  'tells tenants by their lower-case names': {
    caughtBy: 'tenants',
    make: broken((s) => ({ append: (r) => s.append({ ...r, stream: { ...r.stream, tenantId: r.stream.tenantId.toLowerCase() } }) })),
  },
  'trims ids': {
    caughtBy: 'unusual ids',
    make: broken((s) => ({ append: (r) => s.append({ ...r, stream: { ...r.stream, aggregateId: r.stream.aggregateId.trim() || ' ' } }) })),
  },
  'takes composed and decomposed letters as one': {
    caughtBy: 'unusual ids',
    make: broken((s) => ({
      append: (r) => s.append({ ...r, stream: composed(r.stream) }),
      readStream: (key, o) => s.readStream(composed(key), o),
    })),
  },
  'joins the parts of a key by a slash': {
    caughtBy: 'unusual ids',
    make: broken((s) => ({
      append: (r) => s.append({ ...r, stream: joined(r.stream) }),
      readStream: (key, o) => s.readStream(joined(key), o),
    })),
  },
  'cuts ids to 190 characters': {
    caughtBy: 'unusual ids',
    make: broken((s) => ({
      append: (r) => s.append({ ...r, stream: { ...r.stream, aggregateId: r.stream.aggregateId.slice(0, 190).toWellFormed() } }),
    })),
  },
  'accepts anything and repairs what it cannot store': {
    caughtBy: 'bad input',
    make: broken((s) => ({
      append: (r) => {
        return s.append({ ...r, events: r.events.map((event) => ({ ...event, payload: repair(event.payload) })) })
      },
    })),
  },
  'does not look at event ids': {
    caughtBy: 'bad input',
    make: broken((s) => ({ append: (r) => s.append({ ...r, events: r.events.map((event) => ({ ...event, id: uuidv7() })) }) })),
  },
  'does not look at hashes': {
    caughtBy: 'bad input',
    make: broken((s) => ({
      append: (r) => s.append(r.command === undefined ? r : { ...r, command: { ...r.command, hash: 'a'.repeat(64) } }),
    })),
  },
  'takes a broken version for any': {
    caughtBy: 'bad input',
    make: broken((s) => ({
      append: (r) =>
        s.append({ ...r, expected: r.expected === 'exists' || (typeof r.expected === 'number' && r.expected >= 0) ? r.expected : 'any' }),
    })),
  },
  'takes payloads of any size': { caughtBy: 'bad input', make: broken(() => ({}), 16_777_216) },
  'allows only small payloads': { caughtBy: 'bad input', make: broken(() => ({}), 1_048_575) },
  'fails every append of a batch with one bad member': {
    caughtBy: 'bad input',
    make: broken((s) => {
      let batch: Promise<unknown> = Promise.resolve()
      return {
        append: async (r) => {
          const before = batch
          const mine = s.append(r)
          batch = Promise.all([before, mine])
          batch.catch(() => undefined)
          await setImmediate()
          await batch
          return mine
        },
      }
    }),
  },
  'loses keys named __proto__': {
    caughtBy: 'JSON',
    make: broken((s) => {
      return { readStream: (stream, o) => mapped(s.readStream(stream, o), (event) => ({ ...event, payload: copy(event.payload) })) }
    }),
  },
  'reads texts of digits as numbers': {
    caughtBy: 'JSON',
    make: broken((s) => ({
      load: async (stream, o) => {
        const loaded = await s.load(stream, o)
        return {
          ...loaded,
          events: loaded.events.map((event) => ({ ...event, payload: JSON.parse(JSON.stringify(event.payload), numbered) })),
        }
      },
    })),
  },
  'hands out what it keeps': {
    caughtBy: 'history',
    make: broken((s) => {
      const kept = new Map<string, Promise<Awaited<ReturnType<EventStore['load']>>>>()
      return {
        append: (r) => {
          kept.delete(keyOf(r.stream))
          return s.append(r)
        },
        load: (stream, o) => {
          if (o !== undefined) return s.load(stream, o)
          const loaded = kept.get(keyOf(stream)) ?? s.load(stream)
          kept.set(keyOf(stream), loaded)
          return loaded
        },
      }
    }),
  },
}
