import { isCairnError } from '@cairn/core'
import type { RebuildOutcome } from '../rebuild/progress.ts'
import { columns, count, duration } from './format.ts'

function rate({ events, seconds }: RebuildOutcome): number {
  return seconds > 0 ? Math.round(events / seconds) : 0
}

function rowsOf({ tables }: RebuildOutcome): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0)
}

/** The summary: a table, and below it the errors. */
export function describeOutcomes(outcomes: readonly RebuildOutcome[], width: number): string {
  const rows = outcomes.map((outcome) => [
    outcome.projection,
    outcome.fromVersion === undefined ? `${outcome.toVersion}` : `${outcome.fromVersion} -> ${outcome.toVersion}`,
    outcome.status,
    count(outcome.events),
    duration(outcome.seconds),
    `${count(rate(outcome))}/s`,
    count(rowsOf(outcome)),
    count(outcome.parked),
  ])
  const head = ['projection', 'version', 'result', 'events', 'time', 'rate', 'rows', 'parked']
  return columns(head, new Set([3, 4, 5, 6, 7]), rows, width)
}

export function outcomeDocument(outcome: RebuildOutcome): Readonly<Record<string, unknown>> {
  const { projection, status, fromVersion, toVersion, generation, events, seconds, parked, position, tables, error } = outcome
  return {
    projection,
    status,
    fromVersion: fromVersion ?? null,
    toVersion,
    generation: generation ?? null,
    events,
    seconds: Number(seconds.toFixed(3)),
    eventsPerSecond: rate(outcome),
    rows: rowsOf(outcome),
    tables,
    parked,
    position,
    ...(error === undefined ? {} : { error: errorDocument(error) }),
  }
}

export function errorDocument(error: unknown): Readonly<Record<string, unknown>> {
  if (isCairnError(error)) return { code: error.code, message: error.message, retryable: error.retryable, details: error.details }
  return { code: error instanceof Error ? error.name : 'unknown', message: error instanceof Error ? error.message : String(error) }
}
