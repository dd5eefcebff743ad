import type { HistoryEvent, LoadedStream, StreamKey } from '@cairn/core'
import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { plainArray, textArray } from '../connection/array-literal.ts'
import type { ContextSigner } from '../connection/context-signer.ts'
import { FunctionCall, type StatementMode } from '../connection/statement.ts'

export interface LoadRequest {
  readonly stream: StreamKey
  /** -1 = from the snapshot. */
  readonly after: number
}

/** Events of one stream in one answer; longer tails are read in several. */
const eventsPerAnswer = 5_000

const Row = z.object({
  stream_no: z.int(),
  version: z.int(),
  closed: z.boolean(),
  snapshot_version: z.int().nullable(),
  snapshot_schema: z.int().nullable(),
  snapshot_state: z.string().nullable(),
  first_version: z.int().nullable(),
  types: z.array(z.string()).nullable(),
  schemas: z.array(z.int()).nullable(),
  payloads: z.string().nullable(),
})

const call = new FunctionCall('load_streams', Object.keys(Row.shape), 7, Row)

/** Loads many streams in one round trip; a tail longer than one answer is finished by further ones. */
export async function loadStreams(
  connection: Pick<CommonQueryMethods, 'any'>,
  schema: string,
  signer: ContextSigner,
  requests: readonly LoadRequest[],
  mode: StatementMode = 'prepared',
): Promise<readonly LoadedStream[]> {
  const tenants = [...new Set(requests.map((request) => request.stream.tenantId))]
  const context = signer.sign(tenants)
  const tenantNumber = new Map(tenants.map((tenant, i) => [tenant, i + 1]))
  const rows = await connection.any(
    call.with(schema, mode, [
      context.text,
      context.signature,
      plainArray(requests.map((r) => tenantNumber.get(r.stream.tenantId) ?? 0)),
      textArray(requests.map((r) => r.stream.aggregateType)),
      textArray(requests.map((r) => r.stream.aggregateId)),
      plainArray(requests.map((r) => r.after)),
      eventsPerAnswer,
    ]),
  )

  const loaded: LoadedStream[] = requests.map(() => missingStream)
  for (const row of rows) {
    const request = requests[row.stream_no - 1]
    if (request === undefined) continue
    const snapshot =
      row.snapshot_version === null || row.snapshot_state === null
        ? undefined
        : { version: row.snapshot_version, schemaVersion: row.snapshot_schema ?? 1, state: JSON.parse(row.snapshot_state) as unknown }
    const events = parseHistory(row)
    const last = events.at(-1)?.version ?? row.version
    if (events.length === eventsPerAnswer && last < row.version) {
      const [rest] = await loadStreams(connection, schema, signer, [{ stream: request.stream, after: last }], mode)
      for (const event of rest?.events ?? []) events.push(event)
      loaded[row.stream_no - 1] = { version: rest?.version ?? row.version, closed: rest?.closed ?? row.closed, snapshot, events }
    } else {
      loaded[row.stream_no - 1] = { version: row.version, closed: row.closed, snapshot, events }
    }
  }
  return loaded
}

const missingStream: LoadedStream = Object.freeze({ version: 0, closed: false, snapshot: undefined, events: Object.freeze([]) })

function parseHistory({ first_version: first, types, schemas, payloads }: z.output<typeof Row>): HistoryEvent[] {
  if (first === null || types === null || schemas === null || payloads === null) return []
  const parsed: readonly unknown[] = JSON.parse(payloads)
  return parsed.map((payload, i) => ({ type: types[i] ?? '', version: first + i, schemaVersion: schemas[i] ?? 1, payload }))
}
