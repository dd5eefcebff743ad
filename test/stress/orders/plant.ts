import { randomUUID } from 'node:crypto'
import type { CommandQueuePort, QueuedCommand } from '@cairn/core'
import { openPg, PgProcessStore } from '@cairn/infra/pg'
import { say } from '../projections/fault-plan.ts'
import { onDatabase } from '../projections/shop-place.ts'
import type { OrdersChildSettings } from './child-settings.ts'

type Enqueue = (this: CommandQueuePort, commands: readonly QueuedCommand[]) => Promise<void>

/**
 * Breaks the steps of process managers in this process, for good: what they send is committed by itself, before the instance and the
 * checkpoint are, and with ids that are drawn anew. At the nth invoice the process dies between the two.
 */
export async function plantInSteps({ plant, database }: OrdersChildSettings): Promise<void> {
  if (plant === undefined) return
  const { database: url, workerUrl, schema, contextKey } = onDatabase(database)
  const apart = new PgProcessStore(await openPg({ url, workerUrl, schema, contextKey }))
  const inTransaction = <T>(work: (commands: CommandQueuePort) => Promise<T>): Promise<T> =>
    apart.transaction({ processManager: 'plant', tenantId: 'plant', instanceId: randomUUID() }, ({ commands }) => work(commands))
  // The class stands behind the port that a transaction lends.
  const queue: object = await inTransaction(async (commands) => Object.getPrototypeOf(commands))
  const enqueue: Enqueue = Reflect.get(queue, 'enqueue')
  let invoices = 0
  const broken: Enqueue = async function (commands) {
    const fresh = commands.map(({ command, dueAt }): QueuedCommand => {
      const aggregateId = command.type === 'invoice.create' ? randomUUID() : command.aggregateId
      return { command: { ...command, id: randomUUID(), aggregateId }, dueAt }
    })
    await inTransaction((other) => enqueue.call(other, fresh))
    const before = invoices
    invoices += fresh.filter(({ command }) => command.type === 'invoice.create').length
    const { dieAtInvoice = Number.POSITIVE_INFINITY } = plant
    if (before >= dieAtInvoice || invoices < dieAtInvoice) return
    say({ struck: 'enqueued' })
    process.kill(process.pid, 'SIGKILL')
  }
  Object.defineProperty(queue, 'enqueue', { value: broken })
}
