import { styleText } from 'node:util'
import type { ImportReport } from '../import/import-history.ts'
import type { ContributorRow } from '../questions/contributors.ts'
import type { FileLife } from '../questions/file-at.ts'
import type { Hotspot } from '../questions/hotspots.ts'
import type { Ownership } from '../questions/owners.ts'
import { databaseVariable } from './database-variable.ts'
import { count, day, plural, shortSha } from './format.ts'
import type { LifeVersion } from './life-versions.ts'
import { printable } from './printable.ts'
import type { Week } from './read-models.ts'
import { heading, type Screen } from './screen.ts'
import type { Stored } from './stored.ts'
import { table } from './table.ts'
import type { Outcome, Trial } from './try-the-store.ts'
import type { Whereabouts } from './where-the-data-is.ts'

export interface Answers {
  readonly commits: number
  readonly hotspots: readonly Hotspot[]
  readonly owners: readonly (Ownership & { readonly ownerName: string })[]
  readonly contributors: readonly ContributorRow[]
}

export interface Life {
  readonly chosen: FileLife
  readonly versions: readonly LifeVersion[]
}

export function showStored(screen: Screen, tenantId: string, stored: Stored): void {
  heading(screen, 'Stored', `tenant ${tenantId}`)
  const right = { align: 'right' } as const
  const streams = stored.streams.map((row) => [row.aggregateType, count(row.streams), count(row.longest)])
  screen.print(table([{ title: 'aggregate' }, { title: 'streams', ...right }, { title: 'longest', ...right }], streams, screen.width))
  screen.print()
  const events = stored.events.map((row) => [row.type, count(row.count)])
  screen.print(table([{ title: 'event' }, { title: 'events', ...right }], events, screen.width))
}

export function showAnswers(screen: Screen, answers: Answers, at: string | undefined): void {
  const right = { align: 'right' } as const
  const scope = at === undefined ? `${plural(answers.commits, 'commit')}` : `as of ${shortSha(at)}, ${plural(answers.commits, 'commit')}`
  heading(screen, 'Hotspots', `most changed files, ${scope}`)
  screen.print(
    table(
      [
        { title: 'file', gives: 'end' },
        { title: 'changes', ...right },
        { title: 'people', ...right },
        { title: '+lines', ...right },
        { title: '−lines', ...right },
      ],
      answers.hotspots.map((row) => [
        printable(row.path),
        count(row.changes),
        count(row.contributors),
        count(row.linesAdded),
        count(row.linesDeleted),
      ]),
      screen.width,
    ),
  )
  heading(screen, 'Who owns what', 'by lines added to the files that are there')
  screen.print(
    table(
      [{ title: 'folder' }, { title: 'files', ...right }, { title: 'owner', gives: 'start' }, { title: 'share', ...right }],
      answers.owners.map((row) => [
        printable(row.path),
        count(row.files),
        printable(row.ownerName === '' ? row.owner : row.ownerName),
        `${Math.round(row.share * 100)} %`,
      ]),
      screen.width,
    ),
  )
  heading(screen, 'Contributors')
  screen.print(
    table(
      [
        { title: 'name', gives: 'start' },
        { title: 'commits', ...right },
        { title: '+lines', ...right },
        { title: 'first' },
        { title: 'last' },
      ],
      answers.contributors.map((row) => [
        printable(row.name === '' ? row.id : row.name),
        count(row.commits),
        count(row.linesAdded),
        day(row.firstAt),
        day(row.lastAt),
      ]),
      screen.width,
    ),
  )
}

export function showWeeks(screen: Screen, weeks: readonly Week[]): void {
  const right = { align: 'right' } as const
  heading(screen, 'Busiest weeks')
  screen.print(
    table(
      [
        { title: 'week of' },
        { title: 'commits', ...right },
        { title: 'people', ...right },
        { title: '+lines', ...right },
        { title: '−lines', ...right },
      ],
      weeks.map((row) => [row.week, count(row.commits), count(row.people), count(row.linesAdded), count(row.linesDeleted)]),
      screen.width,
    ),
  )
}

export function showLife(screen: Screen, { chosen, versions }: Life): void {
  heading(screen, 'One aggregate at several versions', `file ${chosen.life}`)
  const right = { align: 'right' } as const
  screen.print(
    table(
      [
        { title: 'version', ...right },
        { title: 'event' },
        { title: 'commit' },
        { title: 'path', gives: 'end' },
        { title: 'changes', ...right },
        { title: '+lines', ...right },
        { title: '−lines', ...right },
      ],
      versions.map((row) => [
        count(row.version),
        row.event.slice('file.'.length),
        shortSha(row.commit),
        row.alive ? printable(row.path) : styleText('dim', '(deleted)'),
        count(row.changes),
        count(row.linesAdded),
        count(row.linesDeleted),
      ]),
      screen.width,
    ),
  )
}

export function showTrial(screen: Screen, { conflict, duplicate, reused, versionAfter }: Trial): void {
  heading(screen, 'Refused, and answered', `nothing of this was stored: still at version ${versionAfter}`)
  screen.print(
    table(
      [{ title: 'sent' }, { title: 'answer', gives: 'start' }],
      [
        [`a change based on version ${conflict.expected}`, `${outcomeText(conflict)}, it is at ${conflict.actual}`],
        ['the first command once more', outcomeText(duplicate)],
        ['its id with other content', outcomeText(reused)],
      ],
      screen.width,
    ),
  )
}

function outcomeText(outcome: Outcome): string {
  if ('code' in outcome) return styleText('yellow', outcome.code)
  const { duplicate, version, position } = outcome
  return `${styleText('green', duplicate ? 'its first result' : 'stored')}: version ${version}, position ${count(position)}`
}

export function showFile(
  screen: Screen,
  path: string,
  at: string | undefined,
  found: FileLife | undefined,
  lives: readonly FileLife[],
): void {
  heading(screen, 'File', `${printable(path)} ${at === undefined ? 'now' : `at ${shortSha(at)}`}`)
  if (found === undefined) {
    screen.print(
      `  Not there.${lives.length === 0 ? '' : ` ${plural(lives.length, 'life')} had that path before.`.replace('lifes', 'lives')}`,
    )
    return
  }
  const { life, state } = found
  const rows: [string, string][] = [
    ['life', life],
    ['born in', shortSha(state.bornIn)],
    ['changed', `${plural(state.changes, 'time')}, last in ${shortSha(state.lastCommit)} on ${day(state.lastAt)}`],
    ['lines', `+${count(state.linesAdded)} −${count(state.linesDeleted)}`],
    [
      'by',
      state.shares
        .toSorted((a, b) => b.linesAdded - a.linesAdded)
        .slice(0, 3)
        .map((share) => printable(share.by))
        .join(', '),
    ],
    ['paths', state.paths.map(printable).join(' → ')],
  ]
  screen.print(
    table([{ title: '' }, { title: '', gives: 'start' }], rows, screen.width)
      .split('\n')
      .slice(1)
      .join('\n'),
  )
}

export function showWhereabouts(screen: Screen, where: Whereabouts, serving: boolean): void {
  heading(screen, 'Where it is')
  screen.print(`  ${where.folder === undefined ? `The database of ${databaseVariable()}` : where.folder}, schema ${where.schema}`)
  if (where.folder !== undefined && !serving) {
    screen.print(styleText('dim', '  The server stops now. pnpm demo --serve keeps it running; then, in another terminal:'))
  }
  screen.print(`  ${where.psql}`)
}

/** One sentence on what an import did. */
export function importSentence(report: ImportReport, time: string): string {
  const { commits, known, events, duplicates, stopped, total } = report
  if (stopped && commits === 0) return 'Stopped before the first new commit'
  if (commits === 0 && known > 0) return `Nothing new: ${plural(known, 'commit')} imported before`
  if (commits === 0) return 'Nothing to import: the repository has no commits yet'
  const before = known > 0 ? `, ${count(known)} imported before` : ''
  const answered = duplicates > 0 ? `, ${plural(duplicates, 'command')} of a cut-short run answered from receipts` : ''
  const of = stopped ? ` of ${count(total)}` : ''
  return `${count(commits)}${of} ${known > 0 ? 'new ' : ''}commit${commits === 1 ? '' : 's'} → ${plural(events, 'event')} in ${time}${before}${answered}`
}
