import { type Command } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, commandIn, failure, givenStatus } from './given.ts'

const invalid = 'CAIRN_INVALID_INPUT'
const badTexts = ['', 'NUL \0', 'half \ud83d', 'x'.repeat(201)]

export const badCommands = contractGroup<CommandStoreContext>('bad input', {
  'is refused in commands, and nothing is stored': async ({ store, tenantId }) => {
    const { metadata } = commandIn(tenantId)
    const bad: readonly Partial<Command>[] = [
      ...badTexts.flatMap((text) => [{ tenantId: text }, { aggregateType: text }, { aggregateId: text }]),
      ...['', 'NUL \0', 'half \ud83d'].map((type) => ({ type })),
      ...['', 'command-1', '018f4e1c-7b1a-7c3e'].map((id) => ({ id })),
      ...['\0', { text: 'half \ud800' }, { 'key \0': 1 }, { n: Number.NaN }, { big: 1n }, undefined].map((payload) => ({ payload })),
      { metadata: { ...metadata, correlationId: '' } },
      { metadata: { ...metadata, schemaVersion: 0 } },
      { metadata: { ...metadata, unknown: 'NUL \0' } },
    ]
    for (const changes of bad) await refusal(invalid, () => store.upsert(commandIn(tenantId, changes)))
    expect(await store.query({ tenantId })).toEqual([])
  },

  'is refused where a payload is larger than the limit, and taken up to it': async ({ store, tenantId, maxPayloadBytes }) => {
    const large = (bytes: number): Command => commandIn(tenantId, { payload: 'x'.repeat(bytes - 2) })
    await refusal('CAIRN_PAYLOAD_TOO_LARGE', () => store.upsert(large(maxPayloadBytes + 1)))
    expect(await store.query({ tenantId })).toEqual([])
    expect(await store.upsert(large(maxPayloadBytes))).toMatchObject({ status: 'pending' })
  },

  'is refused in results and errors, and the command stays as it was': async (context) => {
    const { store, tenantId } = context
    const stored = await givenStatus(context, 'consumed')
    const { id } = stored.command
    for (const result of ['\0', { text: '\ud800' }, { n: Number.NaN }]) {
      await refusal(invalid, () => store.markStatus(tenantId, id, { status: 'processed', result }))
    }
    const error = { ...failure, message: 'NUL \0' }
    await refusal(invalid, () => store.markStatus(tenantId, id, { status: 'failed', error }))
    expect(await store.getById(tenantId, id)).toEqual(stored)
  },

  'is refused in ids and tenants by every method': async ({ store, tenantId }) => {
    const { id } = commandIn(tenantId)
    await refusal(invalid, () => store.getById(tenantId, 'command-1'))
    await refusal(invalid, () => store.markStatus(tenantId, 'command-1', changeTo.pending))
    await refusal(invalid, () => store.delete(tenantId, 'command-1'))
    await refusal(invalid, () => store.query({ tenantId, after: 'command-1' }))
    for (const wrong of badTexts) {
      await refusal(invalid, () => store.getById(wrong, id))
      await refusal(invalid, () => store.markStatus(wrong, id, changeTo.pending))
      await refusal(invalid, () => store.delete(wrong, id))
      await refusal(invalid, () => store.query({ tenantId: wrong }))
      await refusal(invalid, () => store.claim(wrong, 1))
    }
  },
})
