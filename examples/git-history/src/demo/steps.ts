import { Listr } from 'listr2'
import type { Screen } from './screen.ts'

export interface Step {
  /** What goes on from now on: a line of its own where there is no terminal. */
  phase(text: string): void
  /** How far it is; drawn over in a terminal, a line every few seconds elsewhere. */
  report(text: string): void
}

const plainEveryMs = 5_000

/** Runs one step and shows it: a spinner that becomes a tick in a terminal, plain lines elsewhere. */
export async function runStep<T>(screen: Screen, title: string, work: (step: Step) => Promise<{ title: string; value: T }>): Promise<T> {
  if (!screen.live) return runPlainly(screen, title, work)
  let result: { value: T } | undefined
  const list = new Listr<unknown, 'default', 'simple'>(
    [
      {
        title,
        task: async (_, task) => {
          const show = (text: string): void => void (task.output = text)
          const done = await work({ phase: show, report: show })
          task.title = done.title
          result = done
        },
      },
    ],
    { renderer: 'default', registerSignalListeners: false, rendererOptions: { showErrorMessage: false, collapseErrors: false } },
  )
  await list.run()
  if (result === undefined) throw new Error(`${title} ended without a result.`)
  return result.value
}

async function runPlainly<T>(screen: Screen, title: string, work: (step: Step) => Promise<{ title: string; value: T }>): Promise<T> {
  screen.print(`… ${title}`)
  let last = -Infinity
  const report = (text: string): void => {
    if (performance.now() - last < plainEveryMs) return
    last = performance.now()
    screen.print(`  ${text}`)
  }
  const done = await work({ phase: (text) => screen.print(`  ${text}`), report })
  screen.print(`✓ ${done.title}`)
  return done.value
}
