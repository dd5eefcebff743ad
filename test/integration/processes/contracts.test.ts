import { uuidv7 } from '@cairn/core'
import { openPg, PgCommandStore, PgDueCommands, PgEventStore, PgProcessStore } from '@cairn/infra/pg'
import { commandQueueContract, dueCommandsContract, processInstancesContract } from '@cairn/testing/contracts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, contextKey, schema } = await testDatabase()

async function two() {
  const options = { url: appUrl, workerUrl, contextKey, schema }
  const databases = [await openPg(options), await openPg(options)] as const
  const cleanup = async (): Promise<void> => void (await Promise.all(databases.map((db) => db.close())))
  return { one: databases[0], other: databases[1], cleanup }
}

/** Those of one instance come one after another. */
function newKey() {
  return { processManager: 'p', tenantId: 't', instanceId: uuidv7() }
}

dueCommandsContract('PgDueCommands', async () => {
  const { one, other, cleanup } = await two()
  const events = new PgEventStore(one)
  return {
    store: new PgCommandStore(one),
    events,
    due: new PgDueCommands(one),
    rival: new PgDueCommands(other),
    async insert(row) {
      const given = Object.entries({
        id: row.id,
        tenant_id: row.tenantId,
        type: row.type,
        aggregate_type: row.aggregateType,
        aggregate_id: row.aggregateId,
        payload: JSON.stringify(row.payload),
        metadata: row.metadata === undefined ? undefined : JSON.stringify(row.metadata),
      }).filter(([, value]) => value !== undefined)
      const names = given.map(([name]) => name).join(', ')
      const places = given.map((_, i) => `$${i + 1}`).join(', ')
      const [stored] = await queryOnce<{ id: string }>(
        url,
        `insert into ${schema}.commands (${names}) values (${places}) returning id`,
        given.map(([, value]) => value),
      )
      return stored?.id ?? ''
    },
    cleanup: async () => {
      await events.drained()
      await cleanup()
    },
  }
})

processInstancesContract('PgProcessStore', async () => {
  const { one, other, cleanup } = await two()
  return { instances: new PgProcessStore(one), rival: new PgProcessStore(other), cleanup }
})

commandQueueContract('PgProcessStore’s transactions', async () => {
  const { one, cleanup } = await two()
  const processes = new PgProcessStore(one)
  const events = new PgEventStore(one)
  return {
    store: new PgCommandStore(one),
    events,
    transaction: (_, work) => processes.transaction(newKey(), (tx) => work(tx.commands)),
    cleanup: async () => {
      await events.drained()
      await cleanup()
    },
  }
})

commandQueueContract('PgEventStore’s transactions', async () => {
  const { one, cleanup } = await two()
  const events = new PgEventStore(one)
  return {
    store: new PgCommandStore(one),
    events,
    transaction: (tenantId, work) => events.transaction(tenantId, (tx) => work(tx.commands)),
    cleanup: async () => {
      await events.drained()
      await cleanup()
    },
  }
})
