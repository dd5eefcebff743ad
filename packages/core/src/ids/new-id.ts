import { AsyncLocalStorage } from 'node:async_hooks'
import { uuidv7 } from './uuid.ts'

let derive: (() => string) | undefined
const deriving = new AsyncLocalStorage<() => string>()

/** The id of something new: a UUIDv7, or inside `withDerivedIds` and `withDerivedIdsFrom` the next one of their source. */
export function newId(): string {
  const source = derive ?? deriving.getStore()
  return source === undefined ? uuidv7() : source()
}

/**
 * Runs a pure function with ids that are derived from what it is about, so that running it again gives the same ids.
 * Synchronous: nothing else runs meanwhile.
 */
export function withDerivedIds<T>(source: () => string, work: () => T): T {
  const outer = derive
  derive = source
  try {
    return work()
  } finally {
    derive = outer
  }
}

/** The same for asynchronous work, and all that it waits for. The ids agree where it draws them in the same order each time. */
export function withDerivedIdsFrom<T>(source: () => string, work: () => Promise<T>): Promise<T> {
  return deriving.run(source, work)
}
