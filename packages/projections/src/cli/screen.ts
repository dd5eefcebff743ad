/** Where the command writes. */
export interface Screen {
  /** Columns that a line may take. */
  readonly width: number
  /** A terminal, in which lines may be drawn over. */
  readonly live: boolean
  /** Whole lines, to stdout. */
  print(text?: string): void
  /** One document on a line of its own, to stdout. */
  json(document: Readonly<Record<string, unknown>>): void
  /** Whole lines, to stderr. */
  complain(text: string): void
}

export function screenOn(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Screen {
  return {
    width: stdout.isTTY ? Math.min(stdout.columns, 100) : 80,
    live: stdout.isTTY && process.env['TERM'] !== 'dumb',
    print: (text = '') => stdout.write(`${text}\n`),
    json: (document) => stdout.write(`${JSON.stringify(document)}\n`),
    complain: (text) => stderr.write(`${text}\n`),
  }
}
