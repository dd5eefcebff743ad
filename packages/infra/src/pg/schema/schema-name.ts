import { InvalidInputError } from '@cairn/core'
import type { Client } from 'pg'

/** The schema that Cairn lives in unless told otherwise. */
export const defaultSchema = 'cairn'

/** @throws InvalidInputError unless the name is a plain identifier: its roles are named after it */
export function assertSchemaName(schema: string): void {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(schema) || schema.startsWith('pg_')) {
    throw new InvalidInputError(
      'schema',
      `"${schema}" cannot name a Cairn schema: use 1..41 lower-case letters, digits and underscores, starting with a letter.`,
      { schema },
    )
  }
}

/** The server knows its version's reserved words; the SQL files spell the name without quotes. @throws InvalidInputError */
export async function refuseReservedName(client: Client, schema: string): Promise<void> {
  const { rows } = await client.query(`select from pg_get_keywords() where word = $1 and catcode in ('R', 'T')`, [schema])
  if (rows.length === 0) return
  throw new InvalidInputError(
    'schema',
    `"${schema}" cannot name a Cairn schema: SQL reserves the word. Choose another, such as "${schema}_log".`,
    {
      schema,
    },
  )
}

/** The roles of a schema; see db/policies. */
export interface SchemaRoles {
  readonly owner: string
  readonly app: string
  readonly worker: string
  readonly maintenance: string
}

export function rolesOf(schema: string): SchemaRoles {
  return { owner: `${schema}_owner`, app: `${schema}_app`, worker: `${schema}_worker`, maintenance: `${schema}_maintenance` }
}
