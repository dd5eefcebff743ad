import { createRequire } from 'node:module'
import type { Knex } from 'knex'
import type { Pool } from 'pg'
import type postgres from 'postgres'
import type { LineAdded } from '../workload/payload.ts'

/**
 * The part of evtstore that is used, in our words: the package ships its TypeScript sources beside its types, and the
 * compiler would check those with this workspace's strictness.
 */
export interface BasketEvent extends LineAdded {
  readonly type: 'LineAdded'
}

export interface BasketState {
  readonly lines: number
  readonly total: number
}

export interface StoreEvent {
  readonly stream: string
  readonly aggregateId: string
  readonly version: number
}

export interface Provider {
  readonly driver: string
  createEvents(stream: string, aggregateId: string, version: number, events: readonly BasketEvent[]): StoreEvent[]
  append(stream: string, aggregateId: string, version: number, events: readonly StoreEvent[]): Promise<unknown>
}

interface Domain {
  readonly domain: { readonly basket: { getAggregate(id: string): Promise<BasketState & { readonly version: number }> } }
  createHandler(
    bookmark: string,
    streams: readonly string[],
  ): {
    handle(stream: string, type: string, callback: (id: string, event: BasketEvent, meta: StoreEvent) => Promise<void>): void
    runOnce(): Promise<number>
  }
}

interface Evtstore {
  createDomain(options: { provider: Provider; useCache: boolean }, aggregates: { basket: unknown }): Domain
  createAggregate(options: {
    stream: string
    create: () => BasketState
    fold: (event: BasketEvent, state: BasketState) => BasketState
    version?: string
    persistAggregate?: boolean
  }): unknown
  createCommands(
    aggregate: unknown,
    handlers: { add(command: { readonly line: LineAdded }, state: BasketState): Promise<BasketEvent> },
  ): { add(id: string, body: { line: LineAdded }): Promise<unknown> }
  readonly VersionError: new () => Error
  readonly MemoryBookmark: string
}

interface PgProvider {
  createProvider(options: { client: Pool; events: string; bookmarks: string; limit?: number }): Provider
  migrate(options: { client: Pool; events: string; bookmarks: string }): Promise<void>
}

interface PostgresJsProvider {
  createProvider(options: { sql: postgres.Sql; events: string; bookmarks: string; limit?: number }): Provider
}

interface KnexProvider {
  createProvider(options: { events: () => Knex.QueryBuilder; bookmarks: () => Knex.QueryBuilder; limit?: number }): Provider
}

const require = createRequire(import.meta.url)

export const evtstore: Evtstore = require('evtstore')
export const pgProvider: PgProvider = require('evtstore/provider/pg')
export const postgresJsProvider: PostgresJsProvider = require('evtstore/provider/postgres')
export const knexProvider: KnexProvider = require('evtstore/provider/knex')
