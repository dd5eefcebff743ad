import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidInputError, type LoggerPort } from '@cairn/core'
import type { Client } from 'pg'

/**
 * Indexes of the log that are built when asked for: each one is written by every append.
 * - `events-by-tenant`: one tenant's log, counts and queries, where a tenant has few of the events
 * - `events-by-correlation`, `events-by-workflow`: queries by these ids
 * - `events-by-type`: background readers of few of the types
 */
export type ExtraIndex = keyof typeof definitions

/** In the order of the filters: what is equal first, then the position, in which pages are read. */
const definitions = {
  'events-by-tenant': 'events (tenant_id, position)',
  'events-by-type': 'events (type, position)',
  'events-by-correlation': 'events (tenant_id, correlation_id, position)',
  // Few events have one.
  'events-by-workflow': 'events (tenant_id, workflow_id, position) where workflow_id is not null',
} as const

export const extraIndexes: readonly ExtraIndex[] = Object.keys(definitions).filter(isExtraIndex)

function isExtraIndex(name: string): name is ExtraIndex {
  return Object.hasOwn(definitions, name)
}

/** @throws InvalidInputError for a name that is none */
export function assertExtraIndexes(names: readonly string[]): void {
  const unknown = names.find((name) => !isExtraIndex(name))
  if (unknown === undefined) return
  throw new InvalidInputError('indexes', `There is no index "${unknown}". Those that can be asked for: ${extraIndexes.join(', ')}.`)
}

/**
 * Builds those that are missing, without holding up readers or writers, and builds anew what an earlier try left unfinished.
 * As the schema's owner, with the schema first in the search_path, outside of a transaction.
 * @returns those that were built
 */
export async function buildExtraIndexes(
  client: Client,
  schema: string,
  names: readonly ExtraIndex[],
  logger: LoggerPort,
): Promise<readonly ExtraIndex[]> {
  if (names.length === 0) return []
  await lockBuilds(client, schema)
  const built: ExtraIndex[] = []
  for (const name of new Set(names)) {
    const index = name.replaceAll('-', '_')
    const { rows } = await client.query<{ valid: boolean }>(
      'select i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = $1::regnamespace and c.relname = $2',
      [schema, index],
    )
    if (rows[0]?.valid === true) continue
    if (rows[0] !== undefined) await client.query(`drop index concurrently ${index}`)
    logger.info(`building the index ${name} of schema "${schema}"`, { component: 'migrate' })
    await client.query(`create index concurrently ${index} on ${definitions[name]}`)
    built.push(name)
  }
  return built
}

/** By asking again and again: a build waits for all statements under way, and a migration that waits for this lock would be one. */
async function lockBuilds(client: Client, schema: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock(hashtext($1), hashtext($2)) as locked', [
      'cairn indexes',
      schema,
    ])
    if (rows[0]?.locked === true) return
    await sleep(250)
  }
}
