import { commandStatusMoves, isCairnError, uuidv7, type CommandStorePort, type StoredCommand } from '@cairn/core'
import { InMemoryCommandStore } from '@cairn/infra/memory'
import { setImmediate } from 'node:timers/promises'

/** A sound store in which some methods were replaced by wrong ones. */
function broken(replace: (sound: CommandStorePort) => Partial<CommandStorePort>, maxPayloadBytes?: number): () => CommandStorePort {
  return () => {
    const sound = new InMemoryCommandStore(maxPayloadBytes === undefined ? {} : { maxPayloadBytes })
    return {
      upsert: (command) => sound.upsert(command),
      handOver: (command) => sound.handOver(command),
      claim: (tenantId, limit) => sound.claim(tenantId, limit),
      markStatus: (tenantId, id, change) => sound.markStatus(tenantId, id, change),
      withdraw: (tenantId, id) => sound.withdraw(tenantId, id),
      getById: (tenantId, id) => sound.getById(tenantId, id),
      query: (query) => sound.query(query),
      delete: (tenantId, id) => sound.delete(tenantId, id),
      ...replace(sound),
    }
  }
}

/** What to do where the sound store refuses with `code`. */
async function instead<T>(code: string, call: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isCairnError(error, code)) return otherwise()
    throw error
  }
}

function repair(value: unknown): unknown {
  return JSON.parse((JSON.stringify(value) ?? 'null').replaceAll(/\\u0000|\\ud[89a-f]../g, '?'))
}

async function found(store: CommandStorePort, tenantId: string, id: string): Promise<StoredCommand> {
  const stored = await store.getById(tenantId, id)
  if (stored === undefined) throw new TypeError('gone')
  return stored
}

/** What each broken store does wrong, and the group of the contract that must notice. */
export const brokenCommandStores: Readonly<Record<string, { readonly caughtBy: string; readonly make: () => CommandStorePort }>> = {
  'answers every read with nothing': {
    caughtBy: 'upsert',
    make: broken(() => ({ getById: async () => undefined, query: async () => [], claim: async () => [], delete: async () => false })),
  },
  'finds commands that nobody stored': {
    caughtBy: 'upsert',
    make: broken((s) => {
      let last: StoredCommand | undefined
      return {
        upsert: async (command) => (last = await s.upsert(command)),
        getById: async (tenantId, id) =>
          (await s.getById(tenantId, id)) ?? last ?? { ...(await s.upsert({ ...emptyCommand, tenantId, id: uuidv7() })), attempts: 9 },
      }
    }),
  },
  'drops the metadata it does not know': {
    caughtBy: 'upsert',
    make: broken((s) => ({
      upsert: (command) => {
        const { correlationId, causationId, schemaVersion } = command.metadata
        return s.upsert({ ...command, metadata: { correlationId, causationId, schemaVersion } })
      },
    })),
  },
  'keeps only payloads that are objects': {
    caughtBy: 'upsert',
    make: broken((s) => ({ upsert: (command) => s.upsert({ ...command, payload: command.payload === null ? {} : command.payload }) })),
  },
  'starts over a command that comes again': {
    caughtBy: 'upsert',
    make: broken((s) => ({ upsert: async (command) => ({ ...(await s.upsert(command)), status: 'pending', result: undefined }) })),
  },
  'takes a command that comes again for a new one': {
    caughtBy: 'upsert',
    make: broken((s) => ({
      upsert: async (command) => ({ ...(await s.upsert(command)), createdAt: new Date(Date.now() + Math.random() * 1e6) }),
    })),
  },
  'does not compare what an id was used for': {
    caughtBy: 'upsert',
    make: broken((s) => ({
      upsert: (command) =>
        instead(
          'CAIRN_COMMAND_ID_REUSED',
          () => s.upsert(command),
          () => found(s, command.tenantId, command.id),
        ),
    })),
  },
  'takes an id in upper case for another': {
    caughtBy: 'upsert',
    make: broken((s) => ({
      upsert: (command) => s.upsert(command.id === command.id.toLowerCase() ? command : { ...command, id: uuidv7() }),
    })),
  },
  'gives times as text': {
    caughtBy: 'upsert',
    make: broken((s) => ({
      upsert: async (command) => {
        const stored = await s.upsert(command)
        return Object.assign(stored, { createdAt: stored.createdAt.toISOString() })
      },
    })),
  },
  'removes nothing': { caughtBy: 'upsert', make: broken(() => ({ delete: async () => true })) },
  'removes what is not finished': {
    caughtBy: 'upsert',
    make: broken((s) => ({
      delete: (tenantId, id) =>
        instead(
          'CAIRN_ILLEGAL_STATUS',
          () => s.delete(tenantId, id),
          async () => true,
        ),
    })),
  },
  'says that it removed what was not there': {
    caughtBy: 'upsert',
    make: broken((s) => ({ delete: async (tenantId, id) => (await s.delete(tenantId, id)) || true })),
  },
  'hands out what it keeps': {
    caughtBy: 'upsert',
    make: broken((s) => {
      const kept = new Map<string, StoredCommand>()
      return {
        upsert: async (command) => {
          const stored = await s.upsert(command)
          kept.set(command.id, stored)
          return stored
        },
        getById: async (tenantId, id) => kept.get(id) ?? s.getById(tenantId, id),
      }
    }),
  },
  'finds commands of every tenant': {
    caughtBy: 'upsert',
    make: broken((s) => {
      const tenants = new Map<string, string>()
      return {
        upsert: (command) => {
          tenants.set(command.id, command.tenantId)
          return s.upsert(command)
        },
        getById: (tenantId, id) => s.getById(tenants.get(id) ?? tenantId, id),
      }
    }),
  },
  'lets others take what is handed over': { caughtBy: 'handOver', make: broken((s) => ({ handOver: (command) => s.upsert(command) })) },
  'hands over what it does not compare': {
    caughtBy: 'handOver',
    make: broken((s) => ({
      handOver: (command) =>
        instead(
          'CAIRN_COMMAND_ID_REUSED',
          () => s.handOver(command),
          () => found(s, command.tenantId, command.id),
        ),
    })),
  },
  'hands over what has ended': {
    caughtBy: 'handOver',
    make: broken((s) => ({ handOver: async (command) => ({ ...(await s.handOver(command)), status: 'consumed' }) })),
  },
  'allows every move': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: (tenantId, id, change) =>
        instead(
          'CAIRN_ILLEGAL_STATUS',
          () => s.markStatus(tenantId, id, change),
          async () => ({ ...(await found(s, tenantId, id)), ...change }),
        ),
    })),
  },
  'allows no move': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: async (tenantId, id) => {
        await found(s, tenantId, id)
        throw new TypeError('no moves')
      },
    })),
  },
  'creates a command that is marked': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: async (tenantId, id, change) => {
        if ((await s.getById(tenantId, id)) === undefined) await s.upsert({ ...emptyCommand, tenantId, id })
        return s.markStatus(tenantId, id, change)
      },
    })),
  },
  'checks the status first and moves later': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: async (tenantId, id, change) => {
        const before = await s.getById(tenantId, id)
        await setImmediate()
        if (before === undefined || !commandStatusMoves[before.status].includes(change.status)) return s.markStatus(tenantId, id, change)
        return instead(
          'CAIRN_ILLEGAL_STATUS',
          () => s.markStatus(tenantId, id, change),
          async () => ({ ...before, ...change }),
        )
      },
    })),
  },
  'forgets results': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: (tenantId, id, change) => s.markStatus(tenantId, id, change.status === 'processed' ? { status: 'processed' } : change),
    })),
  },
  'invents a result where there is none': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: async (tenantId, id, change) => {
        const stored = await s.markStatus(tenantId, id, change)
        return { ...stored, result: stored.result ?? {} }
      },
    })),
  },
  'forgets the details of errors': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: (tenantId, id, change) => {
        if (change.status !== 'failed') return s.markStatus(tenantId, id, change)
        const { code, message } = change.error
        return s.markStatus(tenantId, id, { status: 'failed', error: { code, message, retryable: false } })
      },
    })),
  },
  'counts an attempt when a command is given back': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: async (tenantId, id, change) => {
        const stored = await s.markStatus(tenantId, id, change)
        return { ...stored, attempts: stored.attempts + 1 }
      },
    })),
  },
  'moves every command of the tenant': {
    caughtBy: 'markStatus',
    make: broken((s) => ({
      markStatus: async (tenantId, id, change) => {
        const stored = await s.markStatus(tenantId, id, change)
        for (const { command, status } of await s.query({ tenantId })) {
          if (commandStatusMoves[status].includes(change.status)) await s.markStatus(tenantId, command.id, change)
        }
        return stored
      },
    })),
  },
  'claims the newest first': {
    caughtBy: 'claim',
    make: broken((s) => ({
      claim: async (tenantId, limit) => {
        const pending = await s.query({ tenantId, status: 'pending', limit: 1_000 })
        const newest = pending.toReversed().slice(0, limit)
        return Promise.all(newest.map(({ command }) => s.markStatus(tenantId, command.id, { status: 'consumed' })))
      },
    })),
  },
  'claims more than was asked for': { caughtBy: 'claim', make: broken((s) => ({ claim: (tenantId) => s.claim(tenantId, 1_000) })) },
  'claims and leaves pending': {
    caughtBy: 'claim',
    make: broken((s) => ({ claim: async (tenantId, limit) => (await s.query({ tenantId, status: 'pending' })).slice(0, limit) })),
  },
  'counts no attempts': {
    caughtBy: 'claim',
    make: broken((s) => ({
      claim: async (tenantId, limit) => (await s.claim(tenantId, limit)).map((stored) => ({ ...stored, attempts: 0 })),
    })),
  },
  'looks for commands first and claims later': {
    caughtBy: 'claim',
    make: broken((s) => ({
      claim: async (tenantId, limit) => {
        const pending = (await s.query({ tenantId, status: 'pending', limit: 1_000 })).slice(0, limit)
        await setImmediate()
        await s.claim(tenantId, limit)
        return pending.map((stored) => ({ ...stored, status: 'consumed', attempts: 1 }))
      },
    })),
  },
  'claims finished commands': {
    caughtBy: 'claim',
    make: broken((s) => ({
      claim: async (tenantId, limit) => [...(await s.claim(tenantId, limit)), ...(await s.query({ tenantId, status: 'processed' }))],
    })),
  },
  'claims for every tenant': {
    caughtBy: 'claim',
    make: broken((s) => {
      const tenants = new Set<string>()
      return {
        upsert: (command) => {
          tenants.add(command.tenantId)
          return s.upsert(command)
        },
        claim: async (tenantId, limit) => (await Promise.all([tenantId, ...tenants].map((tenant) => s.claim(tenant, limit)))).flat(),
      }
    }),
  },
  'claims with any limit': {
    caughtBy: 'claim',
    make: broken((s) => ({ claim: (tenantId, limit) => s.claim(tenantId, Math.max(1, Math.trunc(limit) || 1)) })),
  },
  'withdraws nothing, and says so': { caughtBy: 'withdraw', make: broken(() => ({ withdraw: async () => false })) },
  'withdraws nothing, and says that it did': { caughtBy: 'withdraw', make: broken(() => ({ withdraw: async () => true })) },
  'withdraws what somebody has': {
    caughtBy: 'withdraw',
    make: broken((s) => ({
      withdraw: (tenantId, id) =>
        instead(
          'CAIRN_ILLEGAL_STATUS',
          async () => (await s.withdraw(tenantId, id)) || (await s.markStatus(tenantId, id, cancelledNow)).status === 'failed',
          async () => false,
        ),
    })),
  },
  'looks whether a command is pending, and withdraws it later': {
    caughtBy: 'withdraw',
    make: broken((s) => ({
      withdraw: async (tenantId, id) => {
        if ((await s.getById(tenantId, id))?.status !== 'pending') return false
        await setImmediate()
        return instead(
          'CAIRN_ILLEGAL_STATUS',
          async () => (await s.markStatus(tenantId, id, cancelledNow)).status === 'failed',
          async () => false,
        )
      },
    })),
  },
  'gives the newest first': { caughtBy: 'query', make: broken((s) => ({ query: async (query) => (await s.query(query)).toReversed() })) },
  'repeats the last of the page before': {
    caughtBy: 'query',
    make: broken((s) => ({
      query: async (query) => {
        const before = query.after === undefined ? undefined : await s.getById(query.tenantId, query.after)
        const page = await s.query(query)
        return before === undefined ? page : [before, ...page]
      },
    })),
  },
  'wants to know the command to go on behind': {
    caughtBy: 'query',
    make: broken((s) => ({
      query: async (query) => {
        const known = query.after === undefined || (await s.getById(query.tenantId, query.after)) !== undefined
        return known ? s.query(query) : []
      },
    })),
  },
  'ignores a filter': {
    caughtBy: 'query',
    make: broken((s) => ({
      query: ({ tenantId, limit, after }) => s.query({ tenantId, limit: limit ?? 100, ...(after !== undefined && { after }) }),
    })),
  },
  'has another default limit': { caughtBy: 'query', make: broken((s) => ({ query: (query) => s.query({ limit: 1_000, ...query }) })) },
  'repairs what it cannot store': {
    caughtBy: 'bad input',
    make: broken((s) => ({ upsert: (command) => s.upsert({ ...command, payload: repair(command.payload) }) })),
  },
  'repairs results that it cannot store': {
    caughtBy: 'bad input',
    make: broken((s) => ({
      markStatus: (tenantId, id, change) =>
        s.markStatus(tenantId, id, change.status === 'processed' ? { status: 'processed', result: repair(change.result) } : change),
    })),
  },
  'does not look at ids': {
    caughtBy: 'bad input',
    make: broken((s) => ({
      getById: (tenantId, id) =>
        instead(
          'CAIRN_INVALID_INPUT',
          () => s.getById(tenantId, id),
          async () => undefined,
        ),
    })),
  },
  'takes payloads of any size': { caughtBy: 'bad input', make: broken(() => ({}), 16_777_216) },
  'allows only small payloads': { caughtBy: 'bad input', make: broken(() => ({}), 1_048_575) },
}

const cancelledNow = { status: 'failed', error: { code: 'CAIRN_COMMAND_CANCELLED', message: 'Cancelled.', retryable: false } } as const

const emptyCommand = {
  type: 'order.create',
  aggregateType: 'order',
  aggregateId: 'o-1',
  payload: {},
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
} as const
