import { InMemoryChangeLog, InMemoryHints, InMemorySubscriptionStore } from '@cairn/infra/memory'
import { describe } from 'vitest'
import { pumpBehaviours, type Parcel, type PumpRig } from '../../support/pumps/pump-behaviours.ts'

describe('a pump of changes in memory', () => {
  pumpBehaviours(async (): Promise<PumpRig> => {
    const changes = new InMemoryChangeLog()
    const hints = new InMemoryHints()
    const rows = new Map<string, Parcel>()
    const about = { schema: 'public', table: 'parcels' }
    return {
      schema: 'public',
      changes,
      store: new InMemorySubscriptionStore(),
      hints,
      async insert(...parcels) {
        for (const row of parcels) {
          rows.set(row.id, row)
          changes.record({ ...about, operation: 'INSERT', row })
        }
        hints.send()
      },
      async setStatus(id, status) {
        const oldRow = rows.get(id)
        if (oldRow === undefined) return
        const row = { ...oldRow, status }
        rows.set(id, row)
        changes.record({ ...about, operation: 'UPDATE', row, oldRow })
      },
      async remove(id) {
        const row = rows.get(id)
        if (row !== undefined) changes.record({ ...about, operation: 'DELETE', row, oldRow: row })
      },
    }
  })
})
