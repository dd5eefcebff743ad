import { changedFile } from './content.ts'
import type { FileEdit } from './fast-import.ts'
import type { FileTable } from './file-table.ts'
import type { Random } from './random.ts'

/** A three-way merge by file: what must change on main so that it has the topic's work. Conflicts are decided by chance. */
export function* mergeEdits(
  random: Random,
  touched: ReadonlySet<string>,
  base: FileTable,
  topic: FileTable,
  main: FileTable,
): Generator<Extract<FileEdit, { op: 'write' | 'delete' }>, void, undefined> {
  for (const path of touched) {
    const [before, theirs, ours] = [base.get(path), topic.get(path), main.get(path)]
    if (theirs === before || theirs === ours) continue
    if (ours === before || (theirs !== undefined && ours === undefined && random.chance(0.5))) {
      yield theirs === undefined ? { op: 'delete', path } : { op: 'write', path, file: theirs }
    } else if (ours !== undefined) {
      // Both changed it: keep ours, take theirs, drop it, or write something that neither has.
      const dice = random.next()
      if (dice < 0.1) yield { op: 'delete', path }
      else if (dice < 0.3 && theirs !== undefined) yield { op: 'write', path, file: theirs }
      else if (dice < 0.8) yield { op: 'write', path, file: changedFile(random, ours) }
    }
  }
}
