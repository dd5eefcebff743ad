import { CommandBus, creates, defineCommands, defineDecider, defineDomain, defineEvents, Registry, versions } from '@cairn/core'
import type { Command, Metadata, NewCommand } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const sent = z.object({ to: z.string(), express: z.boolean() })
const events = defineEvents('parcel', { sent })
const start = () => defineDecider(events, () => ({ sent: 0 })).evolve({ sent: (s) => ({ sent: s.sent + 1 }) })

const first = z.object({ address: z.string() })
const oldCommands = defineCommands('parcel', { send: creates(first) })
const newCommands = defineCommands('parcel', {
  send: creates(
    versions(first)
      .next(z.object({ to: z.string(), express: z.boolean().default(false) }))
      .from((v1) => ({ to: v1.address })),
  ),
})
const OldParcel = start().decide(oldCommands, { send: (_, c) => events.sent({ to: c.address, express: false }) })
const NewParcel = start().decide(newCommands, { send: (_, c) => events.sent(c) })

const store = new InMemoryEventStore()
const oldBus = new CommandBus({ store, models: [OldParcel.model], defaultTenantId: 't' })
const newBus = new CommandBus({ store, models: [NewParcel.model], defaultTenantId: 't' })

/** A command as it was stored by the old code. */
function storedByOldCode(parcelId: string): Command {
  const { id, type, aggregateType, aggregateId, payload } = oldCommands.send({ parcelId, address: 'home' })
  return {
    id,
    tenantId: 't',
    type,
    aggregateType,
    aggregateId,
    payload,
    metadata: { correlationId: id, causationId: id, schemaVersion: 1 },
  }
}

/** The metadata of a command as the middleware of the bus sees it. */
async function metadataOn(bus: CommandBus, command: NewCommand): Promise<Metadata | undefined> {
  let seen: Metadata | undefined
  bus.use({
    process: (message, next) => {
      seen = message.command.metadata
      return next(message)
    },
  })
  await bus.dispatch(command)
  return seen
}

describe('commands with versions', () => {
  it('carry the version that their factory made', async () => {
    expect(await metadataOn(oldBus, oldCommands.send({ address: 'home' }))).toMatchObject({ schemaVersion: 1 })
    expect(await metadataOn(newBus, newCommands.send({ to: 'home' }))).toMatchObject({ schemaVersion: 2 })
  })

  it('are lifted when they were stored by older code, and their defaults filled in', async () => {
    const result = await newBus.dispatch(storedByOldCode('p1'))
    expect(result.events).toMatchObject([{ payload: { to: 'home', express: false } }])
  })

  it('take effect once across a deploy that changed their schema', async () => {
    const command = storedByOldCode('p2')
    const before = await oldBus.dispatch(command)
    expect(await newBus.dispatch(command)).toEqual({ ...before, duplicate: true })
    expect(await newBus.transaction({}, (tx) => tx.dispatch(command))).toMatchObject({ version: 1, duplicate: true })
  })

  it('sent again after a deploy that changed the events get the first ones in their newest form, in a transaction too', async () => {
    const newEvents = defineEvents('parcel', {
      sent: versions(sent)
        .next(z.object({ to: z.string(), speed: z.enum(['slow', 'fast']) }))
        .from(({ to, express }) => ({ to, speed: express ? 'fast' : 'slow' })),
    })
    const Parcel = defineDecider(newEvents, () => 0)
      .evolve({ sent: (n) => n + 1 })
      .decide(oldCommands, { send: (_, c) => newEvents.sent({ to: c.address, speed: 'slow' }) })
    const registry = new Registry([defineDomain('post', { aggregates: [Parcel] })])
    const bus = new CommandBus({ store, models: registry.aggregates, lift: (event) => registry.upcast(event) })
    const command = storedByOldCode('p4')
    await oldBus.dispatch(command)
    const payload = { to: 'home', speed: 'slow' }
    expect(await bus.dispatch(command)).toMatchObject({ events: [{ payload }], duplicate: true })
    const again = await bus.transaction({ tenantId: 't' }, (tx) => tx.dispatch(command))
    expect(again).toMatchObject({ events: [{ payload }], version: 1, duplicate: true })
  })

  it('of a version that this code does not know yet are refused', async () => {
    const command = storedByOldCode('p3')
    const ahead = { ...command, metadata: { ...command.metadata, schemaVersion: 3 } }
    await expect(newBus.dispatch(ahead)).rejects.toMatchObject({ code: 'CAIRN_UPCAST', retryable: false })
  })
})
