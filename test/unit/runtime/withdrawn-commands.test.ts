import { StoredScheduler, uuidv7, type Command, type StoredCommand } from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import { expect, test } from 'vitest'

/** A store in which a worker takes a command as soon as somebody has looked at it. */
class TakenAfterALook extends InMemoryCommandStore {
  override async getById(tenantId: string, id: string): Promise<StoredCommand | undefined> {
    const seen = await super.getById(tenantId, id)
    await this.claim(tenantId, 10)
    return seen
  }
}

test('a command is withdrawn, or carried out, but never both', async () => {
  const commands = new TakenAfterALook()
  const scheduler = new StoredScheduler({ store: new InMemoryEventStore({ commands }), commands })
  const command: Command = {
    id: uuidv7(),
    tenantId: 't',
    type: 'order.create',
    aggregateType: 'order',
    aggregateId: 'o-1',
    payload: {},
    metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
  }
  await commands.upsert(command)
  const withdrawn = await scheduler.cancel('t', command.id)
  const taken = await commands.claim('t', 10)
  const row = await commands.getById('t', command.id)
  expect({ withdrawn, taken: taken.length > 0 || row?.attempts === 1 }).toEqual({ withdrawn: true, taken: false })
})
