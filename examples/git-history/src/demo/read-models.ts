import type { HistoryApp } from '../import/history-app.ts'
import type { ContributorRow } from '../questions/contributors.ts'
import type { Hotspot } from '../questions/hotspots.ts'
import type { Ownership } from '../questions/owners.ts'

export interface Week {
  /** Its Monday. */
  readonly week: string
  readonly commits: number
  readonly people: number
  readonly linesAdded: number
  readonly linesDeleted: number
}

/** The same answers as `questions` folds from the events, read from the tables that the projections keep. */
export interface ReadAnswers {
  readonly commits: number
  readonly hotspots: readonly Hotspot[]
  readonly owners: readonly (Ownership & { readonly ownerName: string })[]
  readonly contributors: readonly ContributorRow[]
  readonly weeks: readonly Week[]
}

export async function readAnswers(app: HistoryApp, tenantId: string, limit: number): Promise<ReadAnswers> {
  const files = await app.readModel('hotspots', { tenantId }).find({ where: { alive: true }, orderBy: ['-changes', 'path'], limit })
  const people = await app.readModel('contributors', { tenantId }).find({ orderBy: ['-commits', 'id'], limit })
  return {
    commits: await countCommits(app, tenantId),
    hotspots: files.rows.map((row) => ({
      path: row.path,
      changes: row.changes,
      contributors: row.people,
      linesAdded: row.lines_added,
      linesDeleted: row.lines_deleted,
    })),
    owners: await readOwners(app, tenantId, limit),
    contributors: people.rows.map((row) => ({
      id: row.id,
      name: row.name,
      commits: row.commits,
      linesAdded: row.lines_added,
      linesDeleted: row.lines_deleted,
      firstAt: row.first_at,
      lastAt: row.last_at,
    })),
    weeks: await readWeeks(app, tenantId, limit),
  }
}

/** How much is in the tables: what the demo shows while they fill. */
export async function countRows(app: HistoryApp, tenantId: string): Promise<{ files: number; people: number; weeks: number }> {
  const [row] = await app.withTenant(
    tenantId,
    (sql) => sql`
      select (select count(*) from cairn.hotspots)::int as files, (select count(*) from cairn.contributors)::int as people,
             (select count(*) from cairn.activity_per_week)::int as weeks`,
  )
  return { files: Number(row?.['files'] ?? 0), people: Number(row?.['people'] ?? 0), weeks: Number(row?.['weeks'] ?? 0) }
}

async function countCommits(app: HistoryApp, tenantId: string): Promise<number> {
  const [row] = await app.withTenant(tenantId, (sql) => sql`select coalesce(sum(commits), 0)::int as commits from cairn.contributors`)
  return Number(row?.['commits'] ?? 0)
}

/** A read model is a table: what its projection did not foresee is asked in SQL. */
async function readOwners(app: HistoryApp, tenantId: string, limit: number): Promise<ReadAnswers['owners']> {
  const rows = await app.withTenant(
    tenantId,
    (sql) => sql`
      with parts as (
        select folder, part ->> 'by' as owner, sum((part ->> 'lines')::bigint) as lines, sum((part ->> 'changes')::bigint) as changes
          from cairn.file_ownership, jsonb_array_elements(parts) part where alive group by 1, 2
      ), ranked as (
        select *, row_number() over (partition by folder order by lines desc, changes desc, owner collate "C") as place,
               sum(lines) over (partition by folder) as all_lines, sum(changes) over (partition by folder) as all_changes
          from parts
      )
      select r.folder, r.owner, coalesce(c.name, r.owner) as name, f.files::int,
             (case when all_lines > 0 then r.lines / all_lines else r.changes / greatest(1, all_changes) end)::float8 as share
        from ranked r
        join (select folder, count(*) as files from cairn.file_ownership where alive group by 1) f using (folder)
        left join cairn.contributors c on c.id = r.owner
       where place = 1 order by f.files desc, r.folder collate "C" limit ${limit}`,
  )
  return rows.map((row) => ({
    path: String(row['folder']),
    files: Number(row['files']),
    owner: String(row['owner']),
    ownerName: String(row['name']),
    share: Number(row['share']),
  }))
}

async function readWeeks(app: HistoryApp, tenantId: string, limit: number): Promise<readonly Week[]> {
  const weeks = await app.readModel('activity_per_week', { tenantId }).find({ orderBy: ['-commits', '-week'], limit })
  const [first] = weeks.rows
  if (first === undefined) return []
  const people = await app.withTenant(
    tenantId,
    (sql) => sql`
      select week::text, count(*)::int as people from cairn.activity_people where week = any (${`{${weeks.rows.map(({ week }) => week).join(',')}}`}::date[]) group by 1`,
  )
  const byWeek = new Map(people.map((row) => [String(row['week']), Number(row['people'])]))
  return weeks.rows.map((row) => ({
    week: row.week,
    commits: row.commits,
    people: byWeek.get(row.week) ?? 0,
    linesAdded: row.lines_added,
    linesDeleted: row.lines_deleted,
  }))
}
