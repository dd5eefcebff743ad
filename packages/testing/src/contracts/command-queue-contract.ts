import { expect } from 'vitest'
import { commandIds } from './command-queue/command-ids.ts'
import { commandQueueContext, type CommandQueueContext, type CommandQueueFixture } from './command-queue/context.ts'
import { commandIn } from './command-store/given.ts'
import { contractGroup, type ContractGroup } from './contract-case.ts'
import { refusal } from './observe.ts'
import { registerContract } from './register-contract.ts'

const enqueueing = contractGroup<CommandQueueContext>('enqueue', {
  'stores commands as pending rows with their times when the transaction commits': async ({ store, transaction, tenantId }) => {
    const [now, later] = [commandIn(tenantId), commandIn(tenantId)]
    const dueAt = new Date(Date.now() + 60_000)
    await transaction(tenantId, async (commands) => {
      await commands.enqueue([{ command: now }, { command: later, dueAt }])
      expect(await store.getById(tenantId, now.id)).toBeUndefined()
    })
    expect(await store.getById(tenantId, now.id)).toMatchObject({ command: now, status: 'pending', attempts: 0, dueAt: undefined })
    expect(await store.getById(tenantId, later.id)).toMatchObject({ command: later, status: 'pending', dueAt })
  },

  'stores nothing when the transaction does not commit': async ({ store, transaction, tenantId }) => {
    const command = commandIn(tenantId)
    const work = transaction(tenantId, async (commands) => {
      await commands.enqueue([{ command }])
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await store.getById(tenantId, command.id)).toBeUndefined()
  },

  'of what is stored already changes nothing, whatever became of it': async ({ store, transaction, tenantId }) => {
    const command = commandIn(tenantId)
    const enqueue = (dueAt?: Date): Promise<void> =>
      transaction(tenantId, (commands) => commands.enqueue([{ command, dueAt }, { command }]))
    await enqueue()
    await store.markStatus(tenantId, command.id, { status: 'processed', result: 7 })
    const before = await store.getById(tenantId, command.id)
    await enqueue(new Date(Date.now() + 60_000))
    expect(await store.getById(tenantId, command.id)).toEqual(before)
    expect(await store.query({ tenantId })).toHaveLength(1)
  },

  'refuses an id that was used with other content, and nothing of the transaction stands': async ({ store, transaction, tenantId }) => {
    const [command, other] = [commandIn(tenantId), commandIn(tenantId)]
    await store.upsert(command)
    const swallowed = transaction(tenantId, async (commands) => {
      await commands.enqueue([{ command: other }])
      await commands.enqueue([{ command: { ...command, payload: { n: 2 } } }]).catch(() => undefined)
    })
    await refusal('CAIRN_COMMAND_ID_REUSED', swallowed)
    expect(await store.getById(tenantId, other.id)).toBeUndefined()
  },

  'refuses what no store could keep': async ({ transaction, tenantId }) => {
    const bad = [commandIn(tenantId, { payload: 'NUL \0' }), commandIn(tenantId, { aggregateId: '' }), commandIn(tenantId, { id: 'x' })]
    for (const command of bad) {
      await refusal(
        'CAIRN_INVALID_INPUT',
        transaction(tenantId, (commands) => commands.enqueue([{ command }])),
      )
    }
    const late = { command: commandIn(tenantId), dueAt: new Date(Number.NaN) }
    await refusal(
      'CAIRN_INVALID_INPUT',
      transaction(tenantId, (commands) => commands.enqueue([late])),
    )
  },
})

const cancelling = contractGroup<CommandQueueContext>('cancel', {
  'ends pending commands as failed, those of the same transaction too, and answers how many': async ({ store, transaction, tenantId }) => {
    const [stored, fresh] = [commandIn(tenantId), commandIn(tenantId)]
    await store.upsert(stored)
    const count = await transaction(tenantId, async (commands) => {
      await commands.enqueue([{ command: fresh }])
      return commands.cancel(tenantId, [stored.id, fresh.id, commandIn(tenantId).id])
    })
    expect(count).toBe(2)
    for (const { id } of [stored, fresh]) {
      expect(await store.getById(tenantId, id)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_COMMAND_CANCELLED' } })
    }
  },

  'leaves commands that are under way or have ended': async ({ store, transaction, tenantId }) => {
    const [consumed, done] = [commandIn(tenantId), commandIn(tenantId)]
    for (const command of [consumed, done]) await store.upsert(command)
    await store.markStatus(tenantId, consumed.id, { status: 'consumed' })
    await store.markStatus(tenantId, done.id, { status: 'processed' })
    expect(await transaction(tenantId, (commands) => commands.cancel(tenantId, [consumed.id, done.id]))).toBe(0)
    expect((await store.getById(tenantId, consumed.id))?.status).toBe('consumed')
    expect((await store.getById(tenantId, done.id))?.status).toBe('processed')
  },

  'happens only when the transaction commits': async ({ store, transaction, tenantId }) => {
    const command = commandIn(tenantId)
    await store.upsert(command)
    const work = transaction(tenantId, async (commands) => {
      await commands.cancel(tenantId, [command.id])
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect((await store.getById(tenantId, command.id))?.status).toBe('pending')
  },
})

/** Every promise of `CommandQueuePort`, as data. */
export const commandQueueCases: readonly ContractGroup<CommandQueueContext>[] = [enqueueing, cancelling, commandIds]

/** What every queue of commands must pass, in every kind of transaction that has one. */
export function commandQueueContract(name: string, factory: () => Promise<CommandQueueFixture>): void {
  registerContract(name, commandQueueCases, factory, commandQueueContext)
}
