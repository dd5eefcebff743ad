import type { CommandWorkerInfo, StoredCommand } from '@cairn/core'
import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import { sql } from '../connection/sql.ts'
import { toStoredCommand, type CommandRow } from './command-row.ts'

const Claimed = z.object({ commands: z.array(z.custom<CommandRow>()).nullable(), raw: z.boolean() })

export interface ClaimedCommands {
  readonly commands: readonly StoredCommand[]
  readonly raw: boolean
}

/** `DueCommandsPort.claimDue` on a connection, which may be in a transaction. */
export async function claimDue(
  connection: Pick<CommonQueryMethods, 'one'>,
  schema: string,
  { id, types }: Pick<CommandWorkerInfo, 'id' | 'types'>,
  limit: number,
): Promise<ClaimedCommands> {
  const { commands, raw } = await connection.one(
    sql.prepared(`${schema}_claim_due_commands`, Claimed)`
      select commands, raw from ${sql.identifier([schema, 'claim_due_commands'])}(${id}, ${textArray(types)}::text[], ${limit}::int)`,
  )
  return { commands: (commands ?? []).map(toStoredCommand), raw }
}
