import { Listr } from 'listr2'
import type { RebuildPlan } from '../rebuild/plan.ts'
import type { RebuildOutcome, RebuildProgress } from '../rebuild/progress.ts'
import { outcomeDocument } from './describe-outcome.ts'
import { describePlan, planDocument } from './describe-plan.ts'
import { compact, count, duration, fit } from './format.ts'
import { ProgressMeter, progressLine } from './progress-meter.ts'
import type { Screen } from './screen.ts'

/** Shows a rebuild while it runs. */
export interface Reporter {
  plans(plans: readonly RebuildPlan[]): void
  progress(progress: RebuildProgress): void
  outcome(outcome: RebuildOutcome): void
  /** Leaves the screen as it is to stay. */
  end(): Promise<void>
}

const jsonEveryMs = 2_000

/** One JSON document per line: the plans, how far each is every few seconds and at each new phase, and the outcomes. */
export class JsonReporter implements Reporter {
  readonly #screen: Screen
  readonly #meters = new Map<string, { readonly meter: ProgressMeter; at: number; phase: string }>()
  readonly #now: () => number

  constructor(screen: Screen, now: () => number = () => performance.now()) {
    this.#screen = screen
    this.#now = now
  }

  plans(plans: readonly RebuildPlan[]): void {
    for (const plan of plans) this.#screen.json(planDocument(plan))
  }

  progress(progress: RebuildProgress): void {
    const seen = this.#meters.get(progress.projection) ?? { meter: new ProgressMeter(this.#now), at: Number.NEGATIVE_INFINITY, phase: '' }
    this.#meters.set(progress.projection, seen)
    const reading = seen.meter.read(progress)
    if (seen.phase === progress.phase && this.#now() - seen.at < jsonEveryMs) return
    seen.at = this.#now()
    seen.phase = progress.phase
    const { etaSeconds, ...figures } = reading
    const { projection, position, horizon } = progress
    this.#screen.json({
      type: 'progress',
      projection,
      position,
      horizon,
      ...figures,
      etaSeconds: etaSeconds === undefined ? null : Math.round(etaSeconds),
    })
  }

  outcome(outcome: RebuildOutcome): void {
    this.#screen.json({ type: 'outcome', ...outcomeDocument(outcome) })
  }

  end(): Promise<void> {
    return Promise.resolve()
  }
}

interface Line {
  readonly meter: ProgressMeter
  readonly ended: PromiseWithResolvers<RebuildOutcome | undefined>
  show: (text: string) => void
}

/** A header per projection, and one live line each; in a dry run the header alone: nothing is followed. */
export class TerminalReporter implements Reporter {
  readonly #screen: Screen
  readonly #lines = new Map<string, Line>()
  #shown: Promise<unknown> = Promise.resolve()
  readonly #dryRun: boolean
  #nameWidth = 0

  constructor(screen: Screen, { dryRun = false }: { readonly dryRun?: boolean } = {}) {
    this.#screen = screen
    this.#dryRun = dryRun
  }

  plans(plans: readonly RebuildPlan[]): void {
    this.#screen.print(plans.map((plan) => describePlan(plan, this.#screen.width)).join('\n\n'))
    if (this.#dryRun) return
    this.#screen.print()
    for (const { projection } of plans)
      this.#lines.set(projection, { meter: new ProgressMeter(), ended: Promise.withResolvers(), show: () => undefined })
    this.#nameWidth = Math.max(...plans.map(({ projection }) => projection.length))
    const tasks = [...this.#lines].map(([name, line]) => ({
      title: name,
      task: async (_: unknown, task: { title: string }) => {
        line.show = (text) => (task.title = text)
        const outcome = await line.ended.promise
        task.title = this.#last(name, outcome)
        // The mark before the line tells the rest.
        if (outcome?.status === 'failed' || outcome?.status === 'cancelled' || outcome === undefined) throw new Error(task.title)
      },
    }))
    const list = new Listr(tasks, {
      concurrent: true,
      exitOnError: false,
      renderer: 'default',
      registerSignalListeners: false,
      rendererOptions: { showErrorMessage: false, collapseErrors: false },
    })
    this.#shown = list.run().catch(() => undefined)
  }

  progress(progress: RebuildProgress): void {
    const line = this.#lines.get(progress.projection)
    // Two columns go to the mark before the line.
    line?.show(progressLine(progress.projection, line.meter.read(progress), this.#screen.width - 2, this.#nameWidth))
  }

  outcome(outcome: RebuildOutcome): void {
    this.#lines.get(outcome.projection)?.ended.resolve(outcome)
  }

  async end(): Promise<void> {
    for (const line of this.#lines.values()) line.ended.resolve(undefined)
    await this.#shown
    this.#screen.print()
  }

  #last(name: string, outcome: RebuildOutcome | undefined): string {
    if (outcome === undefined) return `${name}  stopped`
    const { status, toVersion, events, seconds, tables, position } = outcome
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    const text =
      status === 'rebuilt'
        ? `version ${toVersion} is live: ${compact(events)} events in ${duration(seconds)}, ${count(rows)} rows`
        : status === 'up-to-date'
          ? `version ${toVersion} is live already`
          : `${status} at position ${count(position)}`
    return fit(`${name.padEnd(this.#nameWidth)}  ${text}`, this.#screen.width - 2)
  }
}
