/**
 * Which re-applied files a schema has: the version of @cairn/db they came with, and the hash of their text. A hash alone
 * does not tell older from newer, and an older process beside a newer schema must neither stop nor put its own files back.
 */
export interface FilesStamp {
  readonly version: string
  readonly hash: string
}

/** How the files in a database relate to those of this process. */
export type FilesAge = 'same' | 'older' | 'newer'

export function formatStamp({ version, hash }: FilesStamp): string {
  return `${version} ${hash}`
}

/**
 * @param stored what formatStamp wrote; anything else counts as older
 * Of one version with different texts (between releases) those of this process count as the newer ones.
 */
export function ageOfFiles(stored: string | undefined, own: FilesStamp): FilesAge {
  if (stored === formatStamp(own)) return 'same'
  const [version = '', hash = ''] = stored?.split(' ') ?? []
  return /^[0-9a-f]{64}$/.test(hash) && isNewer(version, own.version) ? 'newer' : 'older'
}

function isNewer(version: string, than: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(than)]
  const differs = a.findIndex((part, i) => part !== b[i])
  return differs !== -1 && (a[differs] ?? 0) > (b[differs] ?? 0)
}

/** Of 1.2.3-next.4 the first three: releases to come of one number count as one. */
function numbersOf(version: string): readonly number[] {
  const [, ...parts] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  return parts.length === 3 ? parts.map(Number) : [0, 0, 0]
}
