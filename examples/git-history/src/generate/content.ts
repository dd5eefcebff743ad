import type { FakeFile } from './file-table.ts'
import type { Random } from './random.ts'

/** A new file: mostly text, some binary, some links. */
export function newFile(random: Random): FakeFile {
  if (random.chance(0.03)) return { mode: '100644', data: binary(random) }
  if (random.chance(0.01)) return { mode: '120000', data: `target-${random.below(1_000)}` }
  if (random.chance(0.003)) return { mode: '160000', data: hex(random, 40) }
  const lines = Array.from({ length: 4 + random.below(30) }, () => line(random))
  return { mode: random.chance(0.03) ? '100755' : '100644', data: lines.join('') }
}

export function changedFile(random: Random, file: FakeFile): FakeFile {
  if (file.mode === '160000') return { ...file, data: hex(random, 40) }
  if (file.mode === '120000') return { ...file, data: `target-${random.below(1_000)}` }
  if (random.chance(0.01)) return { ...file, mode: file.mode === '100755' ? '100644' : '100755' }
  if (file.data.includes('\0')) return { ...file, data: binary(random) }
  const lines = file.data.split('\n').slice(0, -1)
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const at = random.below(lines.length)
    // Length stays bounded: long files lose lines more often than they gain.
    const gone = random.chance(lines.length > 40 ? 0.9 : 0.5) ? 1 : 0
    lines.splice(at, gone, ...(random.chance(0.8) || lines.length < 4 ? [line(random).slice(0, -1)] : []))
  }
  // Some files end without a line feed, which git counts differently.
  return { ...file, data: `${lines.join('\n')}${random.chance(0.02) ? '' : '\n'}` }
}

function line(random: Random): string {
  return `${' '.repeat(2 * random.below(4))}const value_${random.below(1e9).toString(36)} = ${random.below(1e6)}\n`
}

function binary(random: Random): string {
  return Array.from({ length: 40 + random.below(200) }, (_, i) => String.fromCharCode(i === 3 ? 0 : random.below(256))).join('')
}

function hex(random: Random, length: number): string {
  return Array.from({ length }, () => random.below(16).toString(16)).join('')
}
