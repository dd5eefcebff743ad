import { isCairnError } from '@cairn/cairn'
import { fileCommands, fileEvents } from '../domain/index.ts'
import type { HistoryApp } from '../import/history-app.ts'

/** What came of one command: it was answered, or refused with an error of this code. */
export type Outcome = { readonly duplicate: boolean; readonly version: number; readonly position: number } | { readonly code: string }

export interface Trial {
  /** A change based on the version before the newest. */
  readonly conflict: Outcome & { readonly expected: number; readonly actual: number }
  /** The command behind the life's first event, sent once more under the same id. */
  readonly duplicate: Outcome & { readonly commandId: string }
  /** The same id with other content. */
  readonly reused: Outcome
  /** The stream's version after all that; the same as before. */
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

  const conflict = await outcomeOf(() => app.dispatch(fileCommands.modify(again), { tenantId, expectedVersion: expected }))
  const duplicate = await outcomeOf(() => app.dispatch(fileCommands.add(again, { id }), { tenantId }))
  const reused = await outcomeOf(() => app.dispatch(fileCommands.add({ ...again, path: 'another/path' }, { id }), { tenantId }))
  let versionAfter = 0
  for await (const event of app.events.read(stream, { fromVersion: actual })) versionAfter = event.version
  return { conflict: { ...conflict, expected, actual }, duplicate: { ...duplicate, commandId: id }, reused, versionAfter }
}

async function outcomeOf(send: () => ReturnType<HistoryApp['dispatch']>): Promise<Outcome> {
  try {
    const { duplicate, version, position } = await send()
    return { duplicate, version, position }
  } catch (error) {
    if (isCairnError(error)) return { code: error.code }
    throw error
  }
}
