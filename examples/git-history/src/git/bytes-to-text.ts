import { Buffer, isUtf8 } from 'node:buffer'

/**
 * Names in git are bytes; PostgreSQL and JSON want text. Bytes that are UTF-8 become that text. Every byte that is not
 * (and NUL, which jsonb refuses) becomes `%XX`; a literal `%` becomes `%25` where two hex digits follow it, and only
 * there. So `100%.txt` stays as it is, no two names ever meet, and `textToBytes` leads back.
 */
export function bytesToText(bytes: Buffer): string {
  // toString, unlike TextDecoder, keeps a byte order mark at the front of a name.
  if (isUtf8(bytes)) return escapeLiterals(bytes.toString('utf8'))
  let text = ''
  let start = 0
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    text += escapeLiterals(bytes.toString('utf8', start, at)) + percent(bytes[at] ?? 0)
    start = ++at
  }
  return text + escapeLiterals(bytes.toString('utf8', start))
}

/** The bytes that `bytesToText` was given. */
export function textToBytes(text: string): Buffer {
  const parts: Buffer[] = []
  let start = 0
  for (const match of text.matchAll(/%([0-9A-Fa-f]{2})/g)) {
    parts.push(Buffer.from(text.slice(start, match.index), 'utf8'), Buffer.from([Number.parseInt(match[1] ?? '', 16)]))
    start = match.index + 3
  }
  parts.push(Buffer.from(text.slice(start), 'utf8'))
  return Buffer.concat(parts)
}

function escapeLiterals(text: string): string {
  if (!text.includes('%') && !text.includes('\0')) return text
  return text.replaceAll(/%(?=[0-9A-Fa-f]{2})/g, '%25').replaceAll('\0', '%00')
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** How many bytes the UTF-8 character at `at` takes; 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
