import { uuidv7, type Command } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { canonicalJson, refusal, upTo } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, commandIn, givenStatus, idsOf } from './given.ts'

export const storing = contractGroup<CommandStoreContext>('upsert', {
  'stores a command as pending, never claimed, with its times': async ({ store, tenantId }) => {
    const command = commandIn(tenantId)
    const stored = await store.upsert(command)
    expect(stored).toMatchObject({ command, status: 'pending', attempts: 0 })
    expect(stored.result ?? null).toBeNull()
    expect(stored.error).toBeUndefined()
    expect(stored.createdAt).toBeInstanceOf(Date)
    expect(Math.abs(stored.createdAt.getTime() - Date.now())).toBeLessThan(60_000)
    expect(stored.updatedAt).toEqual(stored.createdAt)
    expect(await store.getById(tenantId, command.id)).toEqual(stored)
  },

  'keeps payload and metadata as they are, unknown keys included': async ({ store, tenantId }) => {
    const payload: unknown = JSON.parse('{"__proto__": {"x": 1}, "ü": [null, {"deep": "🙂"}], "big": "123456789012345678901234567890"}')
    const metadata = { ...commandIn(tenantId).metadata, userId: 'u-1', unheardOf: { nested: [1, null] } }
    const command = commandIn(tenantId, { payload, metadata })
    await store.upsert(command)
    const found = await store.getById(tenantId, command.id)
    expect(canonicalJson(found?.command)).toBe(canonicalJson(command))
  },

  'keeps payloads of any JSON kind': async ({ store, tenantId }) => {
    for (const payload of [null, false, 0, '', 'text', [], [null], {}]) {
      const { command } = await store.upsert(commandIn(tenantId, { payload }))
      expect((await store.getById(tenantId, command.id))?.command.payload).toEqual(payload)
    }
  },

  'changes nothing when the same command comes again': async ({ store, tenantId }) => {
    const command = commandIn(tenantId, { payload: { a: 1, b: 2 } })
    const first = await store.upsert(command)
    const spelledOtherwise = { ...command, payload: { b: 2, a: 1 }, metadata: { ...command.metadata, correlationId: uuidv7() } }
    expect(await store.upsert(command)).toEqual(first)
    expect(await store.upsert(spelledOtherwise)).toEqual(first)
    expect(await store.query({ tenantId })).toEqual([first])
  },

  'answers a command that comes again with what became of it': async (context) => {
    const { store, tenantId } = context
    for (const status of ['consumed', 'processed', 'failed'] as const) {
      const stored = await givenStatus(context, status)
      expect(await store.upsert(stored.command)).toEqual(stored)
      expect(await store.getById(tenantId, stored.command.id)).toEqual(stored)
    }
  },

  'refuses the same id with other content': async ({ store, tenantId }) => {
    const command = commandIn(tenantId)
    const first = await store.upsert(command)
    const others: readonly Partial<Command>[] = [
      { payload: { customerId: 'c-2' } },
      { type: 'order.cancel' },
      { aggregateType: 'invoice' },
      { aggregateId: uuidv7() },
    ]
    for (const other of others) await refusal('CAIRN_COMMAND_ID_REUSED', store.upsert({ ...command, ...other }))
    expect(await store.getById(tenantId, command.id)).toEqual(first)
  },

  'takes an id as the same in upper and in lower case': async ({ store, tenantId }) => {
    const command = commandIn(tenantId)
    const first = await store.upsert(command)
    const loud = command.id.toUpperCase()
    expect(await store.upsert({ ...command, id: loud })).toEqual(first)
    expect(await store.getById(tenantId, loud)).toEqual(first)
    expect(await store.query({ tenantId })).toHaveLength(1)
  },

  'stores one command once among 16 racers, with 16 equal answers': async ({ store, rival, tenantId }) => {
    for (let round = 0; round < 5; round++) {
      const command = commandIn(tenantId)
      const answers = await Promise.all(upTo(16).map((n) => (n % 2 === 0 ? store : rival).upsert(command)))
      for (const answer of answers) expect(answer).toEqual(answers[0])
    }
    expect(await store.query({ tenantId })).toHaveLength(5)
  },

  'lets one of 16 racers have an id that they use for different commands': async ({ store, rival, tenantId }) => {
    const id = uuidv7()
    const outcomes = await Promise.allSettled(
      upTo(16).map((n) => (n % 2 === 0 ? store : rival).upsert(commandIn(tenantId, { id, aggregateId: 'same', payload: { n } }))),
    )
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(winners).toHaveLength(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_COMMAND_ID_REUSED' })
    expect(await store.getById(tenantId, id)).toEqual(winners[0])
  },

  'knows nothing of a command that nobody stored': async ({ store, tenantId }) => {
    expect(await store.getById(tenantId, uuidv7())).toBeUndefined()
  },

  'does not change when a caller changes what it was given': async ({ store, tenantId }) => {
    const payload = { list: ['kept'] }
    const stored = await store.upsert(commandIn(tenantId, { payload }))
    await store.markStatus(tenantId, stored.command.id, { status: 'processed', result: { list: ['kept'] } })
    const before = JSON.stringify(await store.getById(tenantId, stored.command.id))
    payload.list.push('spoiled')
    for (const given of [stored, await store.getById(tenantId, stored.command.id)]) {
      Reflect.set(Object(given?.command.payload), 'list', 'spoiled')
      Reflect.set(Object(given?.command.metadata), 'correlationId', 'spoiled')
      Reflect.set(Object(given?.result), 'list', 'spoiled')
      given?.createdAt.setTime(0)
    }
    expect(JSON.stringify(await store.getById(tenantId, stored.command.id))).toBe(before)
  },

  'removes a finished command, whose id is then free': async (context) => {
    const { store, tenantId } = context
    for (const status of ['processed', 'failed'] as const) {
      const { command } = await givenStatus(context, status)
      expect(await store.delete(tenantId, command.id)).toBe(true)
      expect(await store.getById(tenantId, command.id)).toBeUndefined()
      expect(await store.delete(tenantId, command.id)).toBe(false)
      expect(await store.upsert({ ...command, payload: { other: true } })).toMatchObject({ status: 'pending', attempts: 0 })
    }
  },

  'does not remove a command that is not finished, nor one that is not stored': async (context) => {
    const { store, tenantId } = context
    for (const status of ['pending', 'consumed'] as const) {
      const stored = await givenStatus(context, status)
      await refusal('CAIRN_ILLEGAL_STATUS', store.delete(tenantId, stored.command.id))
      expect(await store.getById(tenantId, stored.command.id)).toEqual(stored)
    }
    expect(await store.delete(tenantId, uuidv7())).toBe(false)
  },

  'keeps tenants apart in every method': async ({ store, tenantId, otherTenantId }) => {
    const mine = await store.upsert(commandIn(tenantId))
    const theirs = await store.upsert({ ...mine.command, tenantId: otherTenantId, payload: { theirs: true } })
    const { id } = mine.command
    expect(idsOf(await store.query({ tenantId }))).toEqual([id])
    expect(await store.getById(otherTenantId, id)).toEqual(theirs)
    expect(await store.claim(otherTenantId, 10)).toHaveLength(1)
    expect(await store.getById(tenantId, id)).toEqual(mine)
    await store.markStatus(otherTenantId, id, changeTo.processed)
    expect(await store.delete(otherTenantId, id)).toBe(true)
    expect(await store.getById(tenantId, id)).toEqual(mine)
    const onlyMine = await store.upsert(commandIn(tenantId))
    expect(await store.getById(otherTenantId, onlyMine.command.id)).toBeUndefined()
    expect(await store.query({ tenantId: otherTenantId })).toEqual([])
    expect(await store.claim(otherTenantId, 10)).toEqual([])
    expect(await store.delete(otherTenantId, onlyMine.command.id)).toBe(false)
    await refusal('CAIRN_ILLEGAL_STATUS', store.markStatus(otherTenantId, onlyMine.command.id, changeTo.consumed))
    expect(await store.getById(tenantId, onlyMine.command.id)).toEqual(onlyMine)
  },
})
