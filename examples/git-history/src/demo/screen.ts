import { styleText } from 'node:util'

/** Where the demo writes for people. With --json that is stderr, so that stdout holds the document alone. */
export interface Screen {
  /** Whole lines. */
  print(text?: string): void
  /** Columns that a line may take. */
  readonly width: number
  /** A terminal, in which a line may be drawn over. */
  readonly live: boolean
}

export function screenOn(stream: NodeJS.WriteStream): Screen {
  return {
    print: (text = '') => stream.write(`${text}\n`),
    width: Math.min(stream.isTTY ? stream.columns : 80, 100),
    live: stream.isTTY && process.env['CI'] === undefined && process.env['TERM'] !== 'dumb',
  }
}

export function heading(screen: Screen, title: string, note = ''): void {
  screen.print()
  screen.print(`${styleText('bold', title)}${note === '' ? '' : `  ${styleText('dim', note)}`}`)
}
