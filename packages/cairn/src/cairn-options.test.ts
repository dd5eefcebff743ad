import { defineCommands, defineDecider, defineDomain, defineEvents } from '@cairn/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { resolveCairnOptions } from './cairn-options.ts'

const events = defineEvents('lamp', { lit: z.object({}) })
const Lamp = defineDecider(events, () => 0)
  .evolve({ lit: () => 1 })
  .decide(defineCommands('lamp', { light: z.object({}) }), { light: () => events.lit() })
const domains = [defineDomain('house', { aggregates: [Lamp] })]

const environment = {
  DATABASE_URL: 'postgres://app@db/prod',
  CAIRN_WORKER_URL: 'postgres://worker@db/prod',
  CAIRN_OWNER_URL: 'postgres://owner@db/prod',
  CAIRN_CONTEXT_KEY: 'ab'.repeat(32),
}

describe('where the database is', () => {
  it('is the embedded one unless somebody says otherwise', () => {
    expect(resolveCairnOptions({ domains }, {})).toMatchObject({ database: 'embedded', dataDir: '.cairn/postgres', schema: 'cairn' })
    expect(resolveCairnOptions({ domains }, { DATABASE_URL: '' })).toMatchObject({ database: 'embedded' })
  })

  it('comes from the environment, as a whole, where the options name none or the embedded one', () => {
    for (const database of [undefined, 'embedded']) {
      expect(resolveCairnOptions({ domains, database }, environment)).toMatchObject({
        database: environment.DATABASE_URL,
        workerUrl: environment.CAIRN_WORKER_URL,
        ownerUrl: environment.CAIRN_OWNER_URL,
        contextKey: environment.CAIRN_CONTEXT_KEY,
      })
    }
  })

  it('may be that of a Supabase project, and beside another address it is where hints are listened for', () => {
    const direct = 'postgres://postgres@db.project/postgres'
    expect(resolveCairnOptions({ domains }, { SUPABASE_DB_URL: direct })).toMatchObject({ database: direct, listenUrl: direct })
    expect(resolveCairnOptions({ domains }, { ...environment, SUPABASE_DB_URL: direct })).toMatchObject({
      database: environment.DATABASE_URL,
      listenUrl: direct,
    })
    const named = { ...environment, SUPABASE_DB_URL: direct, CAIRN_LISTEN_URL: 'postgres://listen@db/prod' }
    expect(resolveCairnOptions({ domains }, named)).toMatchObject({ listenUrl: named.CAIRN_LISTEN_URL })
    expect(resolveCairnOptions({ domains, database: 'memory' }, { SUPABASE_DB_URL: direct })).toMatchObject({ listenUrl: undefined })
  })

  it.each(['memory', 'postgres://me@localhost/test'])('is %s, without a trace of the environment, where the options say so', (database) => {
    expect(resolveCairnOptions({ domains, database }, environment)).toMatchObject({
      database,
      workerUrl: undefined,
      ownerUrl: undefined,
      contextKey: undefined,
    })
  })

  it('takes single parts from the options first', () => {
    const ownerUrl = 'postgres://other@db/prod'
    expect(resolveCairnOptions({ domains, ownerUrl }, environment)).toMatchObject({ ownerUrl, workerUrl: environment.CAIRN_WORKER_URL })
  })

  it('refuses an address in the environment that is none, naming the field', () => {
    expect(() => resolveCairnOptions({ domains }, { DATABASE_URL: 'localhost:5432' })).toThrow(/^database must be/)
  })
})
