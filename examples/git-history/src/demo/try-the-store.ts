import { isCairnError } from '@cairn/cairn'
import { fileCommands, fileEvents } from '../domain/index.ts'
import type { HistoryApp } from '../import/history-app.ts'

export interface Trial {
  /** A change based on an older version than the newest. */
  readonly conflict: { readonly code: string; readonly expected: number; readonly actual: number }
  /** The command behind the life's first event, sent once more under the same id. */
  readonly duplicate: { readonly commandId: string; readonly duplicate: boolean; readonly version: number; readonly position: number }
  /** The same id with other content. */
  readonly reused: { readonly code: string }
  /** How many events the stream has after all that; the same as before. */
  readonly versionAfter: number
}

/** Tries what must not work, and repeats what must not count twice. Stores nothing. */
export async function tryTheStore(app: HistoryApp, tenantId: string, life: string): Promise<Trial | undefined> {
  const stream = { tenantId, aggregateType: 'file', aggregateId: life } as const
  let first: typeof fileEvents.added.$event | undefined
  let actual = 0
  for await (const event of app.events.read(stream)) {
    if (fileEvents.added.is(event)) first ??= event
    actual = event.version
  }
  if (first === undefined) return undefined
  const again = { fileId: life, ...first.payload }
  const id = first.metadata.causationId
  const expected = actual - 1

  const conflict = await refusal(app.dispatch(fileCommands.modify(again), { tenantId, expectedVersion: expected }))
  const { duplicate, version, position } = await app.dispatch(fileCommands.add(again, { id }), { tenantId })
  const reused = await refusal(app.dispatch(fileCommands.add({ ...again, path: 'another/path' }, { id }), { tenantId }))
  let versionAfter = 0
  for await (const event of app.events.read(stream, { fromVersion: actual })) versionAfter = event.version
  return {
    conflict: { code: conflict, expected, actual },
    duplicate: { commandId: id, duplicate, version, position },
    reused: { code: reused },
    versionAfter,
  }
}

async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
  } catch (error) {
    if (isCairnError(error)) return error.code
    throw error
  }
  throw new Error('A command that must be refused was accepted.')
}
