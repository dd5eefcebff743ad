import { defineEvents, integer, numeric, table, text, toTableModel, type ProjectionDefinition, type TableModel } from '@cairn/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineProjection } from '../define/define-projection.ts'
import type { RebuildPlan } from '../rebuild/plan.ts'
import type { RebuildOutcome, RebuildProgress } from '../rebuild/progress.ts'
import { tableChanges } from '../rebuild/table-changes.ts'
import { describeOutcomes } from './describe-outcome.ts'
import { describePlan } from './describe-plan.ts'
import { describeStatus, exitCodeOfStatus } from './describe-status.ts'
import { exitCodeOf } from './exit-codes.ts'
import { ProgressMeter, progressLine } from './progress-meter.ts'
import type { GenerationStatus } from './status.ts'

const widest = (shown: string): number => Math.max(...shown.split('\n').map((line) => line.length))
const events = defineEvents('order', { created: z.object({ total: z.int() }) })
const name = 'a-projection-with-a-rather-long-name-indeed'

function projection(...tables: readonly TableModel[]): ProjectionDefinition {
  const start = defineProjection(name, { version: 2, events: [events], tables: { orders: table({ id: text() }, { key: 'id' }) } })
  const definition = start.on({ 'order.created': () => undefined })
  return tables.length === 0 ? definition : { ...definition, tables: new Map(tables.map((model) => [model.name, model])) }
}

const outcome: RebuildOutcome = {
  projection: name,
  status: 'rebuilt',
  fromVersion: 1,
  toVersion: 2,
  generation: 4,
  events: 1_204_331,
  seconds: 7.1,
  tables: [{ table: 'orders', rows: 50_000 }],
  parked: 0,
  position: 1_204_331,
}

const of = (...generations: readonly GenerationStatus[]) => [{ projection: name, version: 3, generations }]

describe('the exit code', () => {
  it.each([
    [['rebuilt', 'up-to-date'], 0],
    [['rebuilt', 'failed'], 1],
    [['failed', 'cancelled'], 1],
    [['rebuilt', 'cancelled'], 130],
  ] as const)('of %j is %i', (statuses, code) => {
    expect(exitCodeOf(statuses.map((status) => ({ ...outcome, status })))).toBe(code)
  })

  it('is 3 where events are parked', () => {
    expect(exitCodeOf([outcome, { ...outcome, parked: 2 }])).toBe(3)
  })
})

describe('what is shown', () => {
  it('fits 80 columns: the header', () => {
    const before = toTableModel('orders', table({ id: text(), total: integer(), an_old_column: text() }, { key: 'id' }))
    const after = toTableModel(
      'orders',
      table({ id: text(), total: numeric(12, 2), a_new_column: text(), another_new_column: text() }, { key: 'id' }),
    )
    const plan: RebuildPlan = {
      projection: name,
      definition: projection(after),
      live: undefined,
      fromVersion: 1,
      toVersion: 2,
      strategy: { kind: 'new' },
      startAfter: 0,
      horizon: 1_204_331,
      eventsAtMost: 1_204_331,
      tables: tableChanges([before], [after]),
      dependents: ['report.monthly_orders_by_customer', 'report.something_else_altogether'],
    }
    const shown = describePlan(plan, 80)
    expect(widest(shown)).toBeLessThanOrEqual(80)
    expect(shown).toContain('version 1 -> version 2')
    expect(shown).toContain('about 1,204,331 to read')
    expect(shown).toContain('-an_old_column')
    expect(shown).toContain('--recreate-dependents')
  })

  it('fits 80 columns: the live line, with bar, share, rate, time left and lag', () => {
    let now = 0
    const meter = new ProgressMeter(() => now)
    const progress: RebuildProgress = {
      projection: name,
      phase: 'building',
      start: 0,
      position: 0,
      horizon: 1_204_331,
      events: 0,
      lag: 1_204_331,
      throttled: true,
    }
    meter.read(progress)
    now = 2_000
    const line = progressLine(name, meter.read({ ...progress, position: 602_165, events: 300_000, lag: 602_166 }), 80)
    expect(line.length).toBeLessThanOrEqual(80)
    expect(line).toContain('█████░░░░░░░')
    expect(line).toContain('49%')
    expect(line).toContain('602K/1.2M')
    expect(line).toContain('150K/s')
    expect(line).toContain('ETA 2.0 s')
    expect(line).toContain('lag 602K')
  })

  it('fits 80 columns: the summary', () => {
    const shown = describeOutcomes([outcome, { ...outcome, status: 'up-to-date' }], 80)
    expect(widest(shown)).toBeLessThanOrEqual(80)
    expect(shown).toContain('1 -> 2')
    expect(shown).toContain('1,204,331')
    expect(shown).toContain('50,000')
  })

  it('fits 80 columns: the status, whose exit code tells of failed and of parked', () => {
    const live: GenerationStatus = {
      generation: 12,
      version: 2,
      changed: false,
      state: 'live',
      tenant: undefined,
      runs: 'live',
      checkpoint: 1_204_331,
      lag: 0,
      parked: 0,
      waiting: 0,
      failure: undefined,
    }
    const failed: GenerationStatus = {
      ...live,
      state: 'building',
      runs: 'failed',
      failure: 'The rebuild stopped at event 0199 (order.created, position 5): it is bad.',
    }
    const shown = describeStatus(of(live, failed), 80)
    expect(widest(shown)).toBeLessThanOrEqual(80)
    expect(shown.replaceAll(/\s+/g, ' ')).toContain('stopped at event 0199 (order.created, position 5): it is bad.')
    expect(exitCodeOfStatus(of(live))).toBe(0)
    expect(exitCodeOfStatus(of({ ...live, parked: 1, waiting: 4 }))).toBe(3)
    expect(exitCodeOfStatus(of(live, failed))).toBe(1)
    expect(exitCodeOfStatus(of({ ...live, version: 3, changed: true }))).toBe(1)
  })
})
