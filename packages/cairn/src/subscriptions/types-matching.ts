import { InvalidInputError, nearest, typeMatcher, UnknownTypeError } from '@cairn/core'

/**
 * The full event types that patterns stand for, each once, sorted; '*' is every type, those of later versions of the code too.
 * @param known every event type of the app
 * @throws UnknownTypeError, naming the nearest, when a pattern stands for none
 */
export function typesMatching(patterns: string | readonly string[], known: readonly string[]): readonly string[] | '*' {
  const list = typeof patterns === 'string' ? [patterns] : patterns
  if (list.length === 0) throw new InvalidInputError('types', `types names no event type; '*' is every type.`)
  if (list.includes('*')) return '*'
  const found = new Set<string>()
  for (const pattern of list) {
    const matching = known.filter(typeMatcher(pattern))
    if (matching.length === 0) throw new UnknownTypeError('event', pattern, nearest(pattern, known))
    for (const type of matching) found.add(type)
  }
  return [...found].toSorted()
}
