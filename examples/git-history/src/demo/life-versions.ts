import { File } from '../domain/index.ts'
import type { HistoryApp } from '../import/history-app.ts'

export interface LifeVersion {
  readonly version: number
  readonly event: string
  readonly commit: string
  readonly path: string
  readonly alive: boolean
  readonly changes: number
  readonly linesAdded: number
  readonly linesDeleted: number
}

/** One aggregate as it was: the state at a few of its versions, first, last, moves, and some between. */
export async function readLifeVersions(app: HistoryApp, tenantId: string, life: string, atMost: number): Promise<readonly LifeVersion[]> {
  const events: { version: number; type: string; commit: string }[] = []
  for await (const event of app.events.read({ tenantId, aggregateType: 'file', aggregateId: life })) {
    events.push({ version: event.version, type: event.type, commit: event.payload.commit })
  }
  const rows: LifeVersion[] = []
  for (const { version, type, commit } of spread(events, atMost)) {
    const { state } = await app.load(File, life, { tenantId, version })
    const { path, alive, changes, linesAdded, linesDeleted } = state
    rows.push({ version, event: type, commit, path, alive, changes, linesAdded, linesDeleted })
  }
  return rows
}

function spread<T extends { readonly type: string }>(all: readonly T[], atMost: number): readonly T[] {
  if (all.length <= atMost) return all
  const chosen = new Set<T>([...all.slice(0, 1), ...all.slice(-1)])
  for (const item of all) if (chosen.size < atMost && item.type !== 'file.modified') chosen.add(item)
  for (let i = 1; chosen.size < atMost && i < atMost; i++) {
    const item = all[Math.floor((i * all.length) / atMost)]
    if (item !== undefined) chosen.add(item)
  }
  return all.filter((item) => chosen.has(item))
}
