import type { FileState } from '../domain/index.ts'
import type { FileLife } from '../questions/file-at.ts'
import type { History } from '../questions/history.ts'
import { compare } from '../questions/hotspots.ts'

/** A life worth looking at: moved at least once if there is one, with several people, and not too long to show. */
export function chooseLife(history: History): FileLife | undefined {
  const lives = [...history.files].map(([life, state]) => ({ life, state }))
  const [best] = lives.toSorted((a, b) => interest(b.state) - interest(a.state) || compare(a.state.path, b.state.path))
  return best
}

function interest(state: FileState): number {
  const moved = state.paths.length > 1 ? 1_000 : 0
  return (state.alive ? 500 : 0) + moved + Math.min(state.changes, 12) * 20 + Math.min(state.shares.length, 5) * 10 - state.changes / 100
}
