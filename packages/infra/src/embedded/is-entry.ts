import { lstat } from 'node:fs/promises'

/** True when something is at this path. */
export async function isEntry(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
