import { describeChange } from '../rebuild/table-changes.ts'
import type { RebuildPlan } from '../rebuild/plan.ts'
import { count, wrap } from './format.ts'

const indent = ' '.repeat(11)

/** What a rebuild does to one projection, in lines of at most `width` columns. */
export function describePlan(plan: RebuildPlan, width: number): string {
  const { projection, fromVersion, toVersion, startAfter, horizon, eventsAtMost } = plan
  const from = fromVersion === undefined ? 'new' : `version ${fromVersion}`
  const lines = [
    wrap(`${projection}: ${from} -> version ${toVersion}`, width, indent),
    field('strategy', strategyText(plan), width),
    field('events', `about ${count(eventsAtMost)} to read (positions ${count(startAfter)} to ${count(horizon)})`, width),
    ...tableLines(plan, width),
  ]
  const gone = plan.tables.filter(({ kind, removed, retyped }) => kind === 'removed' || removed.length > 0 || retyped.length > 0)
  if (gone.length > 0 && plan.strategy.kind !== 'nothing')
    lines.push(field('mind', 'readers of what is removed or retyped fail after the switch', width))
  if (plan.dependents.length > 0)
    lines.push(field('mind', `views of others depend on it: ${plan.dependents.join(', ')} (--recreate-dependents)`, width))
  return lines.join('\n')
}

export function strategyText({ strategy, live }: RebuildPlan): string {
  switch (strategy.kind) {
    case 'new':
      return live === undefined ? 'first build' : `new generation beside generation ${live.generation}, then switch`
    case 'resume':
      return `resume generation ${strategy.generation.generation}, then switch`
    case 'nothing':
      return `nothing to do: generation ${live?.generation ?? 0} was built from this definition`
    case 'tenant':
      return `${strategy.resumes ? 'resume the' : 'build'} side tables of tenant ${strategy.tenantId}, then replace its rows`
    case 'in-place':
      return `in place: generation ${strategy.live.generation} is emptied and filled; readers see it filling`
  }
}

function tableLines(plan: RebuildPlan, width: number): string[] {
  return plan.tables.map((change, i) => {
    const changes = describeChange(change)
    return field(i === 0 ? 'tables' : '', `${change.table}${changes === '' ? '' : `: ${changes}`}`, width)
  })
}

function field(name: string, text: string, width: number): string {
  return `  ${name.padEnd(8)} ${wrap(text, width, indent)}`
}

/** The same for programs. */
export function planDocument(plan: RebuildPlan): Readonly<Record<string, unknown>> {
  const { projection, fromVersion, toVersion, strategy, startAfter, horizon, eventsAtMost, tables, dependents } = plan
  return {
    type: 'plan',
    projection,
    fromVersion: fromVersion ?? null,
    toVersion,
    strategy: strategy.kind,
    generation: strategy.kind === 'resume' ? strategy.generation.generation : null,
    tenant: strategy.kind === 'tenant' ? strategy.tenantId : null,
    startAfter,
    horizon,
    eventsAtMost,
    tables,
    dependents,
  }
}
