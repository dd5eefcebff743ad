import { DefinitionError } from '../errors/domain.ts'
import { nearest } from '../registry/nearest.ts'

/**
 * The functions of a table by name, checked against the names that must be there.
 * @throws DefinitionError for a missing function or one that belongs to no name
 */
export function functionMap<F>(
  what: 'handler' | 'fold',
  aggregateType: string,
  functions: object,
  names: Iterable<string>,
): ReadonlyMap<string, F> {
  const wanted = new Set(names)
  const kind = what === 'handler' ? 'command' : 'event'
  const map = new Map<string, F>(Object.entries(functions))
  for (const name of wanted) {
    if (typeof map.get(name) === 'function') continue
    throw new DefinitionError(`Aggregate ${aggregateType} has no ${what} for ${kind} "${name}". Add one.`, { aggregateType, [kind]: name })
  }
  for (const name of map.keys()) {
    if (wanted.has(name)) continue
    const near = nearest(name, wanted)
    throw new DefinitionError(
      `Aggregate ${aggregateType} has a ${what} "${name}", but no such ${kind}.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      { aggregateType, [kind]: name },
    )
  }
  return map
}
