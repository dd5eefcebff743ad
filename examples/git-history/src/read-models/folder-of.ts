/** The folder that a file counts for, two levels down. Files above that level count as their own folder. */
export function folderOf(path: string): string {
  return path.split('/').slice(0, -1).slice(0, 2).join('/') || '.'
}
