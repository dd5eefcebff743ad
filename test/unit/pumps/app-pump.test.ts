import { createCairn } from '@cairn/cairn'
import { expect, test } from 'vitest'
import { banking } from '../runtime/account.ts'

test('an app that stops while a pump of it starts stops that too', async () => {
  const app = await createCairn({ domains: [banking], database: 'memory' })
  const eventSpec = { event: '*', schema: 'cairn', table: 'commands' } as const
  const starting = app.pump({ channel: 'late', eventSpec, processBatch: async () => undefined })
  await app.stop()
  expect((await starting).status.state).toBe('stopped')
})
