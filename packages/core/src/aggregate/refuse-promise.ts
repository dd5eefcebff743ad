import { DefinitionError } from '../errors/domain.ts'

/** @throws DefinitionError when a handler answered with a promise, which types forbid and plain JavaScript does not */
export function refusePromise(aggregateType: string, name: string, result: unknown): void {
  if (!(result instanceof Promise)) return
  // Its own failure is not the news.
  result.catch(() => undefined)
  throw new DefinitionError(
    `The handler "${name}" of aggregate ${aggregateType} is asynchronous. Handlers decide at once: fetch what they need before dispatch, and put it in the command.`,
    { aggregateType, command: name },
  )
}
