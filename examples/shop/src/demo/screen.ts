import { styleText } from 'node:util'
import Table from 'cli-table3'
import { Listr } from 'listr2'

/** Where the demo writes for people. With --json that is stderr, so that stdout holds the document alone. */
export interface Screen {
  /** Whole lines. */
  print(text?: string): void
  /** A terminal, in which a line may be drawn over. */
  readonly live: boolean
}

export function screenOn(stream: NodeJS.WriteStream): Screen {
  return {
    print: (text = '') => stream.write(`${text}\n`),
    live: stream.isTTY && process.env['CI'] === undefined && process.env['TERM'] !== 'dumb',
  }
}

export function heading(screen: Screen, title: string, note = ''): void {
  screen.print(`\n${styleText('bold', title)}${note === '' ? '' : `  ${styleText('dim', note)}`}`)
}

/** A table without rules; the first column is text, the others are numbers unless they are the last. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const none = 'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left-mid mid mid-mid right right-mid'
  const shown = new Table({
    head: head.map((title) => styleText('dim', title)),
    colAligns: head.map((_, i) => (i === 1 ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: { ...Object.fromEntries(none.split(' ').map((name) => [name, ''])), left: '  ', middle: '  ' },
  })
  for (const row of rows) shown.push([...row])
  return shown.toString().replaceAll(/ +$/gm, '')
}

const plainEveryMs = 5_000

/** Runs one step and shows it: a spinner that becomes a tick in a terminal, plain lines elsewhere. */
export async function runStep<T>(
  screen: Screen,
  title: string,
  work: (report: (text: string) => void) => Promise<{ readonly title: string; readonly value: T }>,
): Promise<T> {
  if (!screen.live) return runPlainly(screen, title, work)
  const results: T[] = []
  const list = new Listr<unknown, 'default', 'simple'>(
    [
      {
        title,
        task: async (_, task) => {
          const done = await work((text) => void (task.output = text))
          task.title = done.title
          results.push(done.value)
        },
      },
    ],
    { renderer: 'default', registerSignalListeners: false, rendererOptions: { showErrorMessage: false, collapseErrors: false } },
  )
  await list.run()
  for (const result of results) return result
  throw new Error(`${title} ended without a result.`)
}

const runPlainly: typeof runStep = async (screen, title, work) => {
  screen.print(`… ${title}`)
  let last = performance.now()
  const done = await work((text) => {
    if (performance.now() - last < plainEveryMs) return
    last = performance.now()
    screen.print(`  ${text}`)
  })
  screen.print(`✓ ${done.title}`)
  return done.value
}
