/** PostgreSQL's text form of a text[]: one string parameter instead of an array that the driver walks and checks element by element. */
export function textArray(values: readonly (string | null)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (i > 0) literal += ','
    literal += value === null || value === undefined ? 'NULL' : quote(value)
  }
  return `${literal}}`
}

/** The text form of an array of numbers, booleans or uuids: nothing in them needs quotes. */
export function plainArray(values: readonly (number | boolean | string)[]): string {
  return `{${values.join(',')}}`
}

/** The text form of a bytea[] from hex texts. */
export function byteaArray(hex: readonly string[]): string {
  return `{${hex.map((text) => String.raw`"\\x${text}"`).join(',')}}`
}

function quote(value: string): string {
  return value.includes('"') || value.includes('\\') ? `"${value.replace(/["\\]/g, String.raw`\$&`)}"` : `"${value}"`
}

/**
 * JSON texts as one text, taken apart by `string_to_array(…, chr(30))`. U+001E is a control character, which JSON text
 * never contains unescaped; so nothing is quoted, and nothing is walked, on either side.
 */
export function jsonTexts(texts: readonly string[]): string {
  return texts.join('\u001E')
}
