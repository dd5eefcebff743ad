import type { InMemoryCommandQueue } from './in-memory-command-queue.ts'

/** What a transaction put aside stands before its appends, which find its ids there, and goes when they are refused. */
export function withCommands<T>(commands: InMemoryCommandQueue | undefined, append: () => T): T {
  commands?.check()
  const undo = commands?.commit()
  try {
    return append()
  } catch (error) {
    undo?.()
    throw error
  }
}
