import type { Definition } from './definition.ts'

/** A command that starts a stream: its aggregate id may be left out, and the stream must not exist. */
export interface Creates<D> {
  readonly creates: D
}

/** Marks a command as one that starts a stream. */
export function creates<const D extends Definition>(definition: D): Creates<D> {
  return { creates: definition }
}
