import {
  CommandBus,
  creates,
  defineCommands,
  defineDecider,
  defineEvents,
  runCommand,
  runInOrder,
  silentLogger,
  versions,
  type Command,
  type StoredCommand,
} from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import { expect, test } from 'vitest'
import { z } from 'zod'

const Address = z.object({ address: z.string() })
const Sent = z.object({ to: z.string() })
const oldEvents = defineEvents('parcel', { sent: Sent })
const newEvents = defineEvents('parcel', { sent: Sent, lost: z.object({}) })
const newestEvents = defineEvents('parcel', {
  sent: versions(Sent)
    .next(z.object({ to: z.string(), express: z.boolean() }))
    .from(({ to }) => ({ to, express: false })),
})
const oldCommands = defineCommands('parcel', { send: creates(Address), resend: Address })
const newCommands = defineCommands('parcel', {
  send: creates(
    versions(Address)
      .next(z.object({ to: z.string() }))
      .from(({ address }) => ({ to: address })),
  ),
  lose: z.object({}),
})

const oldParcel = defineDecider(oldEvents, () => ({ sent: 0 }))
  .evolve({ sent: ({ sent }) => ({ sent: sent + 1 }) })
  .decide(oldCommands, {
    send: (_, { address }) => oldEvents.sent({ to: address }),
    resend: (_, { address }) => oldEvents.sent({ to: address }),
  })
const newParcel = defineDecider(newEvents, () => ({ sent: 0 }))
  .evolve({ sent: ({ sent }) => ({ sent: sent + 1 }), lost: (state) => state })
  .decide(newCommands, { send: (_, { to }) => newEvents.sent({ to }), lose: () => newEvents.lost({}) })
const newestParcel = defineDecider(newestEvents, () => ({ sent: 0 }))
  .evolve({ sent: ({ sent }) => ({ sent: sent + 1 }) })
  .decide(oldCommands, {
    send: (_, { address }) => newestEvents.sent({ to: address, express: true }),
    resend: (_, { address }) => newestEvents.sent({ to: address, express: true }),
  })

const store = new InMemoryEventStore()
const oldBus = new CommandBus({ store, models: [oldParcel.model], defaultTenantId: 't' })
const newBus = new CommandBus({ store, models: [newParcel.model], defaultTenantId: 't' })
const newestBus = new CommandBus({ store, models: [newestParcel.model], defaultTenantId: 't' })
const commands = new InMemoryCommandStore()
const options = { maxAttempts: 3, retryMs: 7, maxRetryMs: 10, unknownTypeGraceMs: 60_000 }

function stored(
  command: {
    readonly id: string
    readonly type: string
    readonly aggregateType: string
    readonly aggregateId: string
    readonly payload: unknown
  },
  schemaVersion = 1,
): Promise<StoredCommand> {
  const { id, type, aggregateType, aggregateId, payload } = command
  const settled: Command = {
    id,
    tenantId: 't',
    type,
    aggregateType,
    aggregateId,
    payload,
    metadata: { correlationId: id, causationId: id, schemaVersion },
  }
  return commands.upsert(settled)
}

test('a command of a newer schema is given back to workers that know it, for as long as a deploy may take', async () => {
  const row = await stored(newCommands.send({ parcelId: 'p-1', to: 'home' }), 2)
  expect(await runCommand(oldBus, row, options)).toEqual({ tenantId: 't', id: row.command.id, status: 'returned', afterMs: 7 })
  expect(await runCommand(oldBus, row, { ...options, unknownTypeGraceMs: 0 })).toMatchObject({
    status: 'failed',
    error: { code: 'CAIRN_UPCAST' },
  })
  expect(await runCommand(newBus, row, options)).toMatchObject({ status: 'processed' })
})

test('the time is counted from when it was met: one that had waited for long is given back as well', async () => {
  const row = await stored(newCommands.send({ parcelId: 'p-6', to: 'home' }), 2)
  const old = { ...row, createdAt: new Date(Date.now() - 3_600_000), dueAt: new Date(Date.now() - 1_800_000) }
  expect(await runCommand(oldBus, old, { ...options, unknownTypeGraceMs: 60 })).toMatchObject({ status: 'returned' })
  await new Promise((resolve) => setTimeout(resolve, 80))
  expect(await runCommand(oldBus, old, { ...options, unknownTypeGraceMs: 60 })).toMatchObject({ status: 'failed' })
})

test('so is one whose aggregate has events of newer code: of a type, or of a schema', async () => {
  await newBus.dispatch(newCommands.send({ parcelId: 'p-2', to: 'home' }))
  await newBus.dispatch(newCommands.lose({ parcelId: 'p-2' }))
  await newestBus.dispatch(oldCommands.send({ parcelId: 'p-3', address: 'home' }))
  for (const [parcelId, code] of [
    ['p-2', 'CAIRN_UNKNOWN_TYPE'],
    ['p-3', 'CAIRN_UPCAST'],
  ] as const) {
    const row = await stored(oldCommands.resend({ parcelId, address: 'home' }))
    expect(await runCommand(oldBus, row, options)).toMatchObject({ status: 'returned' })
    expect(await runCommand(oldBus, row, { ...options, unknownTypeGraceMs: 0 })).toMatchObject({ status: 'failed', error: { code } })
  }
})

test('given together, those behind such a one wait for it', async () => {
  const first = await stored(newCommands.send({ parcelId: 'p-4', to: 'home' }), 2)
  const second = await stored(oldCommands.send({ parcelId: 'p-4', address: 'away' }))
  const outcomes = await oldBus.dispatchAll([first.command, second.command])
  expect(outcomes).toMatchObject([{ reason: { code: 'CAIRN_UPCAST' } }, { reason: { code: 'CAIRN_UPCAST' } }])
})

test('a command that no upcaster can lift fails at once: no other process can, either', async () => {
  const row = await stored({ ...newCommands.send({ parcelId: 'p-5', to: 'home' }), payload: { no: 'address' } }, 1)
  expect(await runCommand(newBus, row, options)).toMatchObject({ status: 'failed' })
})

const runShortly = (row: StoredCommand, behind: readonly StoredCommand[]) =>
  runCommand(oldBus, row, { ...options, unknownTypeGraceMs: 60 }, behind)

test('those that wait behind one are left to others with it: when its time is over, theirs is too', async () => {
  await newBus.dispatch(newCommands.send({ parcelId: 'p-7', to: 'home' }))
  await newBus.dispatch(newCommands.lose({ parcelId: 'p-7' }))
  const group = await Promise.all([1, 2, 3].map((n) => stored(oldCommands.resend({ parcelId: 'p-7', address: `${n}` }))))
  const statuses = async (): Promise<readonly string[]> => {
    const outcomes = await runInOrder(group, { run: runShortly, stopping: new AbortController().signal, logger: silentLogger })
    return outcomes.map(({ status }) => status)
  }
  expect(await statuses()).toEqual(['returned', 'returned', 'returned'])
  await new Promise((resolve) => setTimeout(resolve, 80))
  expect(await statuses()).toEqual(['failed', 'failed', 'failed'])
})
