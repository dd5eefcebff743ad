import { createHash, randomFillSync } from 'node:crypto'

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** True for any UUID in its usual spelling, of any version. */
export function isUuid(text: string): boolean {
  return pattern.test(text)
}

const pool = new Uint8Array(16 * 256)
let used = pool.length
let lastMs = 0
let counter = 0

/** A UUIDv7 (RFC 9562): 48 bits of milliseconds, a 12-bit counter that keeps one process's ids ascending, 62 random bits. */
export function uuidv7(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    counter = 0
  } else if (++counter > 0xfff) {
    // More than 4,096 ids in one millisecond: run ahead of the clock rather than repeat or go back.
    lastMs++
    counter = 0
  }
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const b = pool.subarray(used, (used += 16))
  const ms = lastMs
  const high = Math.floor(ms / 0x1_0000_0000)
  const low = ms >>> 0
  b[0] = high >>> 8
  b[1] = high
  b[2] = low >>> 24
  b[3] = low >>> 16
  b[4] = low >>> 8
  b[5] = low
  b[6] = 0x70 | (counter >>> 8)
  b[7] = counter
  b[8] = 0x80 | ((b[8] ?? 0) & 0x3f)
  return format(b)
}

/** A UUIDv8 (RFC 9562) from SHA-256 of the parts: the same parts give the same id, and ('a', 'bc') differs from ('ab', 'c'). */
export function derivedUuid(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  const b = hash.digest().subarray(0, 16)
  b[6] = 0x80 | ((b[6] ?? 0) & 0x0f)
  b[8] = 0x80 | ((b[8] ?? 0) & 0x3f)
  return format(b)
}

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

function format(b: Uint8Array): string {
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += hex[b[i] ?? 0]
  }
  return text
}
