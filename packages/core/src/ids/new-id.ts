import { uuidv7 } from './uuid.ts'

let derive: (() => string) | undefined

/** The id of something new: a UUIDv7, or inside `withDerivedIds` the next one of its source. */
export function newId(): string {
  return derive === undefined ? uuidv7() : derive()
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
