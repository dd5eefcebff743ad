import stringWidth from 'string-width'

/** Text from a repository, made safe to print: control and direction characters, which could drive the terminal, become visible. */
export function printable(text: string): string {
  return text.replaceAll(unsafe, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** At most so many columns of the terminal, `…` where something was left out. The end of a path tells more than its start. */
export function fit(text: string, columns: number, keep: 'start' | 'end' = 'start'): string {
  if (stringWidth(text) <= columns) return text
  const characters = [...text]
  while (characters.length > 0 && stringWidth(characters.join('')) > columns - 1) {
    if (keep === 'start') characters.pop()
    else characters.shift()
  }
  return keep === 'start' ? `${characters.join('')}…` : `…${characters.join('')}`
}
