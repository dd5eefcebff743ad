import { randomUUID } from 'node:crypto'
import { createCairn } from '@cairn/cairn'
import type { StoredCommand } from '@cairn/core'
import { temporal } from '@cairn/infra/temporal'
import { createLogins } from '../../contestants/cairn-logins.ts'
import type { CarriedOut, Job } from '../job.ts'
import { lineCommand, parcels } from '../parcel.ts'
import { answeredEffects, type StoredLine } from '../temporal/answered-effects.ts'
import { tuning, warmUp } from '../temporal/worker-settings.ts'
import { withClient } from '../with-client.ts'

/** Commands scheduled all at once through an app on Temporal, from the first call until the last caller has its own result. */
export async function temporalCommands({
  url,
  schema,
  contextKey,
  address,
  commands,
  aggregates,
}: Extract<Job, { kind: 'temporal-commands' }>): Promise<CarriedOut> {
  const logins = await createLogins(url, schema)
  const taskQueues = { kind: 'shared', name: `bench-${randomUUID()}` } as const
  const app = await createCairn({
    domains: [parcels],
    database: logins.app,
    workerUrl: logins.worker,
    ownerUrl: url,
    schema,
    contextKey,
    scheduler: temporal({ address, taskQueues, worker: { tuning, requireUtc: false } }),
  })
  try {
    await app.scheduler.schedule(lineCommand(warmUp, 'warm-up', aggregates))
    const tenantId = `bench-${randomUUID()}`
    const given = Array.from({ length: commands }, (_, n) => lineCommand(n, tenantId, aggregates))
    const began = performance.now()
    const results = await Promise.all(given.map((command) => app.scheduler.schedule(command)))
    const seconds = (performance.now() - began) / 1000
    return { commands, seconds, effects: await effectsOf(results, tenantId) }
  } finally {
    await app.stop()
  }

  function effectsOf(results: readonly StoredCommand[], tenantId: string): Promise<number> {
    return withClient(url, async (client) => {
      const { rows } = await client.query<StoredLine>(`select id, payload->>'lineId' as line from ${schema}.events where tenant_id = $1`, [
        tenantId,
      ])
      return answeredEffects(rows, results)
    })
  }
}
