import type { AppendRequest, AppendResult } from '@cairn/core'
import type { Client } from 'pg'
import type { CheckDatabase } from '../support/check-database.ts'

/** What became of an append, as its caller sees it. */
export interface Answered {
  readonly request: AppendRequest
  /** Undefined when the caller got an error. */
  readonly result: AppendResult | undefined
  readonly error: unknown
}

export interface Effects {
  readonly appends: number
  /** Callers that got an error. */
  readonly unanswered: number
  /** Answered, and not in the log where the answer says. */
  readonly lost: number
  /** In the log more than once. */
  readonly doubled: number
  /** Appends of which the log has some events and not all. */
  readonly halfDone: number
  /** First appends of which the caller was told that they were repetitions. */
  readonly misreported: number
}

export async function answerOf(request: AppendRequest, append: (request: AppendRequest) => Promise<AppendResult>): Promise<Answered> {
  try {
    return { request, result: await append(request), error: undefined }
  } catch (error) {
    return { request, result: undefined, error }
  }
}

/** Compares what callers were told with what the table holds. A second try sends the same event ids, so a doubled effect shows. */
export async function effectsOf(admin: Client, { schema }: CheckDatabase, answers: readonly Answered[]): Promise<Effects> {
  const { rows } = await admin.query<{ id: string; position: string; version: string }>(
    `select id, position, version from ${schema}.events where id = any ($1::uuid[])`,
    [answers.flatMap(({ request }) => request.events.map((event) => event.id))],
  )
  const stored = Map.groupBy(rows, (row) => row.id)
  const effects = { appends: answers.length, unanswered: 0, lost: 0, doubled: 0, halfDone: 0, misreported: 0 }
  for (const { request, result } of answers) {
    if (result === undefined) effects.unanswered++
    if (result?.duplicate === true) effects.misreported++
    const counts = request.events.map((event) => stored.get(event.id)?.length ?? 0)
    if (counts.some((count) => count > 1)) effects.doubled++
    if (counts.some((count) => count === 0) && counts.some((count) => count > 0)) effects.halfDone++
    if (result !== undefined && !isWhereItSays(request, result, stored)) effects.lost++
  }
  return effects
}

function isWhereItSays(
  request: AppendRequest,
  result: AppendResult,
  stored: ReadonlyMap<string, readonly { readonly position: string; readonly version: string }[]>,
): boolean {
  return (
    result.events.length === request.events.length &&
    request.events.every((event, i) => {
      const told = result.events[i]
      const rows = stored.get(event.id) ?? []
      return told?.id === event.id && rows.some((row) => row.position === String(told.position) && row.version === String(told.version))
    })
  )
}
