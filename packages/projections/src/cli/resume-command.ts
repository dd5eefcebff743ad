/** The command that goes on with a build: the same one, but not from scratch again. */
export function resumeCommand(args: readonly string[]): string {
  const kept = args.filter((arg, i) => arg !== '--from-scratch' && !(i === 0 && arg === '--'))
  return ['rebuild-projections', ...kept.map(quoted)].join(' ')
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
