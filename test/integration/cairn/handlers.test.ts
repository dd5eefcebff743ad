import { createCairn, defineCommands, type CairnOptions, type Command } from '@cairn/cairn'
import { shop } from '@cairn/example-shop'
import { pgBoss } from '@cairn/infra/jobs'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient } from './support/places.ts'

const database = await testDatabase()

/** A handler in the class style, for commands that no aggregate knows. */
class Mailer {
  static readonly sent: unknown[] = []
  readonly types: readonly string[] | undefined

  constructor(types?: readonly string[]) {
    this.types = types
  }

  supports(command: Command): command is Command {
    return command.type.startsWith('mail.')
  }

  async handle({ type, payload }: Command): Promise<void> {
    if (type === 'mail.refuse') throw new TypeError('There is no such box.')
    Mailer.sent.push(payload)
  }
}
afterEach(() => void Mailer.sent.splice(0))

const mailCommands = defineCommands('mail', { send: z.object({ to: z.string() }), refuse: z.object({}) })

describe.each<[string, Pick<CairnOptions, 'database' | 'scheduler'>]>([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
  ['through pg-boss', { ...onPostgres(await testDatabase()), scheduler: pgBoss() }],
])('commands that only a registered handler knows, %s', (_, place) => {
  const start = () => createCairn({ domains: [shop], ...place, background: { pollMs: 20, leaseMs: 600 } })

  test.each([
    ['that names its types', ['mail.send', 'mail.refuse']],
    ['that names none', undefined],
  ])('are carried out by the worker, by a handler %s', async (__, types) => {
    await using app = await start()
    app.commandBus.register(new Mailer(types))
    const { commandId } = await app.commandBus.dispatch(mailCommands.send({ mailId: 'm', to: 'ann' }), { async: true })
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
    expect(Mailer.sent).toEqual([{ to: 'ann' }])
    const refused = await app.commandBus.dispatch(mailCommands.refuse({ mailId: 'm' }), { async: true })
    expect(await app.waitForCommand(refused.commandId, patient)).toMatchObject({
      status: 'failed',
      error: { message: 'There is no such box.' },
    })
  })
})

test.each([
  ['a worker', 'postgres', 0],
  ['pg-boss', pgBoss({ unknownTypeGraceMs: 0 }), undefined],
] as const)(
  'a row of SQL finds its handler in another process, which was not asked about its type before: %s',
  async (_, scheduler, unknownTypeGraceMs) => {
    const place = await testDatabase()
    await using app = await createCairn({
      domains: [shop],
      ...onPostgres(place),
      scheduler,
      background: { pollMs: 20, leaseMs: 600, commands: { unknownTypeGraceMs } },
    })
    app.commandBus.register(new Mailer())
    const [row] = await queryOnce<{ id: string }>(
      place.url,
      `insert into ${place.schema}.commands (tenant_id, type, payload) values ('t', 'mail.sql', '{"to": "bob"}') returning id`,
    )
    expect(await app.waitForCommand(row?.id ?? '', patient)).toMatchObject({ status: 'processed', command: { aggregateType: 'mail' } })
    expect(Mailer.sent).toEqual([{ to: 'bob' }])
  },
)
