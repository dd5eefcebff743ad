import {
  assertTime,
  type InstanceCount,
  type InstanceCountFilter,
  type InstanceFilter,
  type InstanceKey,
  type ProcessInstance,
  type ProcessInstanceStorePort,
} from '@cairn/core'
import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { sql } from '../connection/sql.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { assertLimit } from '../read/read-log.ts'
import { instancesJson, toInstance, type InstanceRow } from './instance-row.ts'

const Instances = z.object({ instances: z.array(z.custom<InstanceRow>()).nullable() })
const Counts = z.object({ counts: z.array(z.tuple([z.string(), z.int(), z.int()])).nullable() })
const Done = z.object({ done: z.string().nullable() })

/** Instances on a connection of the worker role; within a transaction they are part of it. */
export class PgProcessInstances implements ProcessInstanceStorePort {
  readonly #connection: Pick<CommonQueryMethods, 'one'>
  readonly #schema: string
  readonly #maxPayloadBytes: number
  readonly #mode: StatementMode

  constructor(
    connection: Pick<CommonQueryMethods, 'one'>,
    { schema, options }: Pick<PgDatabase, 'schema' | 'options'>,
    mode: StatementMode,
  ) {
    this.#connection = connection
    this.#schema = schema
    this.#maxPayloadBytes = options.maxPayloadBytes
    this.#mode = mode
  }

  async load(keys: readonly InstanceKey[]): Promise<readonly (ProcessInstance | undefined)[]> {
    if (keys.length === 0) return []
    const { instances } = await this.#connection.one(statement(this.#mode, `${this.#schema}_load_process_instances`, Instances)`
      select ${this.#function('load_process_instances')}(${textArray(keys.map((key) => key.processManager))}::text[],
        ${textArray(keys.map((key) => key.tenantId))}::text[], ${textArray(keys.map((key) => key.instanceId))}::text[]) as instances`)
    const found = new Map((instances ?? []).map((row) => [mapKey(toInstance(row)), row]))
    return keys.map((key) => {
      const row = found.get(mapKey(key))
      return row === undefined ? undefined : toInstance(row)
    })
  }

  async save(instances: readonly ProcessInstance[]): Promise<void> {
    if (instances.length === 0) return
    await this.#connection.one(statement(this.#mode, `${this.#schema}_save_process_instances`, Done)`
      select ${this.#function('save_process_instances')}(${instancesJson(instances, this.#maxPayloadBytes)}::jsonb)::text as done`)
  }

  async list(filter: InstanceFilter): Promise<readonly ProcessInstance[]> {
    const { tenantId, processManager, status, quietSince, after, limit = 100 } = filter
    assertLimit(limit, 1_000)
    if (quietSince !== undefined) assertTime('quietSince', quietSince)
    const { instances } = await this.#connection.one(sql.type(Instances)`
      select ${this.#function('list_process_instances')}(${tenantId ?? null}, ${processManager ?? null}, ${status ?? null},
        ${quietSince?.toISOString() ?? null}::timestamptz, ${after?.processManager ?? null}, ${after?.tenantId ?? null},
        ${after?.instanceId ?? null}, ${limit}::int) as instances`)
    return (instances ?? []).map(toInstance)
  }

  async count({ tenantId, processManager, status, quietSince }: InstanceCountFilter): Promise<readonly InstanceCount[]> {
    if (quietSince !== undefined) assertTime('quietSince', quietSince)
    const { counts } = await this.#connection.one(sql.type(Counts)`
      select ${this.#function('count_process_instances')}(${tenantId ?? null}, ${processManager ?? null}, ${status ?? null},
        ${quietSince?.toISOString() ?? null}::timestamptz) as counts`)
    return (counts ?? []).map(([name, count, quietest]) => ({
      processManager: name,
      count,
      quietest: new Date(quietest).toISOString(),
    }))
  }

  #function(name: string) {
    return sql.identifier([this.#schema, name])
  }
}

function mapKey({ processManager, tenantId, instanceId }: InstanceKey): string {
  return `${processManager}\0${tenantId}\0${instanceId}`
}
