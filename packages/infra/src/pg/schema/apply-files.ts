import type { LoggerPort } from '@cairn/core'
import type { Client } from 'pg'
import { ageOfFiles, formatStamp } from './files-stamp.ts'
import { removeLeftovers } from './remove-leftovers.ts'
import { readReappliedFiles } from './sql-files.ts'

/**
 * Applies functions, views and policies, in one transaction, unless the database has them already, or newer ones.
 * Returns whether it did.
 */
export async function applyFiles(client: Client, schema: string, logger: LoggerPort): Promise<boolean> {
  const files = readReappliedFiles(schema)
  const { rows } = await client.query<{ hash: string }>('select hash from applied_files')
  const age = ageOfFiles(rows[0]?.hash, files.stamp)
  if (age === 'newer') {
    logger.warn(`Schema "${schema}" has functions of a newer Cairn than this one (${files.stamp.version}); they stay.`, {
      component: 'migrate',
    })
  }
  if (age !== 'older') return false
  await client.query('begin')
  await client.query(`set local search_path to ${schema}, pg_temp`)
  await client.query(files.definitions)
  // Before the policies: they grant by name, which an old overload would make ambiguous.
  const removed = await removeLeftovers(client, schema)
  await client.query(files.policies)
  await client.query(
    'insert into applied_files (hash, applied_at) values ($1, now()) on conflict (only_row) do update set hash = excluded.hash, applied_at = excluded.applied_at',
    [formatStamp(files.stamp)],
  )
  await client.query('commit')
  logger.info(`functions, views and policies of schema "${schema}" were applied`, { component: 'migrate', removed })
  return true
}
