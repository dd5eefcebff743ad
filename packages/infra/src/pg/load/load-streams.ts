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

type LoadRow = z.output<typeof Row>

const call = new FunctionCall('load_streams', Object.keys(Row.shape), 7, Row)

/** Loads many streams in one round trip; a tail that is longer than one answer, in events or in bytes, is finished by further ones. */
export async function loadStreams(
  connection: Pick<CommonQueryMethods, 'any'>,
  schema: string,
  signer: ContextSigner,
  requests: readonly LoadRequest[],
  mode: StatementMode = 'prepared',
): Promise<readonly LoadedStream[]> {
  const rows = await ask(connection, schema, signer, requests, eventsPerAnswer, mode)
  const loaded: LoadedStream[] = requests.map(() => missingStream)
  const alone = requests.length === 1
  // Of two rows for one stream the last one counts.
  for (const first of new Map(rows.map((row) => [row.stream_no, row])).values()) {
    const request = requests[first.stream_no - 1]
    if (request === undefined) continue
    const snapshot =
      first.snapshot_version === null || first.snapshot_state === null
        ? undefined
        : { version: first.snapshot_version, schemaVersion: first.snapshot_schema ?? 1, state: JSON.parse(first.snapshot_state) as unknown }
    const events: HistoryEvent[] = []
    let last = first.snapshot_version ?? Math.max(request.after, 0)
    let limit = eventsPerAnswer
    let row: LoadRow | undefined = first
    let { version, closed } = first
    for (;;) {
      const came = parseHistory(row)
      for (const event of came) events.push(event)
      last = came.at(-1)?.version ?? last
      version = row.version
      closed = row.closed
      if (last >= version || (came.length === 0 && !isWithheld(row))) break
      // By itself it has the whole of an answer; only then are fewer asked for.
      if (isWithheld(row) && (alone || row !== first)) limit = fewerThan(row.types?.length ?? 1)
      row = (await ask(connection, schema, signer, [{ stream: request.stream, after: last }], limit, mode)).at(-1)
      if (row === undefined) break
    }
    loaded[first.stream_no - 1] = { version, closed, snapshot, events }
  }
  return loaded
}

function ask(
  connection: Pick<CommonQueryMethods, 'any'>,
  schema: string,
  signer: ContextSigner,
  requests: readonly LoadRequest[],
  limit: number,
  mode: StatementMode,
): Promise<readonly LoadRow[]> {
  const tenants = [...new Set(requests.map((request) => request.stream.tenantId))]
  const context = signer.sign(tenants)
  const tenantNumber = new Map(tenants.map((tenant, i) => [tenant, i + 1]))
  return connection.any(
    call.with(schema, mode, [
      context.text,
      context.signature,
      plainArray(requests.map((r) => tenantNumber.get(r.stream.tenantId) ?? 0)),
      textArray(requests.map((r) => r.stream.aggregateType)),
      textArray(requests.map((r) => r.stream.aggregateId)),
      plainArray(requests.map((r) => r.after)),
      limit,
    ]),
  )
}

/** True where the payloads were left out, because together they are too large for the answer. */
function isWithheld({ types, payloads }: LoadRow): boolean {
  return types !== null && payloads === null
}

function fewerThan(events: number): number {
  return Math.max(1, Math.floor(events / 8))
}

const missingStream: LoadedStream = Object.freeze({ version: 0, closed: false, snapshot: undefined, events: Object.freeze([]) })

function parseHistory({ first_version: first, types, schemas, payloads }: LoadRow): HistoryEvent[] {
  if (first === null || types === null || schemas === null || payloads === null) return []
  const parsed: readonly unknown[] = JSON.parse(payloads)
  return parsed.map((payload, i) => ({ type: types[i] ?? '', version: first + i, schemaVersion: schemas[i] ?? 1, payload }))
}
