import { Buffer } from 'node:buffer'
import type { Random } from './random.ts'

/** Text as its UTF-8 bytes, one character a byte: how the generator holds everything that git sees as bytes. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

// File names that break readers: each is legal in git.
const oddNames: readonly [string, ...string[]] = [
  bytesOf('grüße'),
  bytesOf('cafe\u0301'), // decomposed
  bytesOf('caf\u00e9'), // composed: another name
  bytesOf('日本語'),
  bytesOf('🪨 cairn'),
  bytesOf('\ufeffbom'),
  'latin-\xe9',
  'bytes-\xff\xfe',
  'surrogate-\xed\xa0\x80',
  'cut-\xe2\x82',
  'line\nfeed',
  'tab\tbed',
  'quo"ted',
  "apo'strophe",
  'back\\slash',
  '-dash',
  '--help',
  ' spaces ',
  '%41',
  '100%',
  '%25',
  '\x01mark',
  ':100644 100644',
  '1\t2\tthree',
  '\x1b[31mred',
  '$(touch x)',
  '*?[glob]',
  '.dot',
  'NUL',
]

/** A folder and a name: mostly plain, some odd, a few longer than an aggregate id may be. `serial` makes it unique. */
export function pathFor(random: Random, serial: number): string {
  const folder = random.pick(['src', 'src/core', 'src/web', 'lib', 'docs', 'test/unit', 'test/e2e', bytesOf('données'), 'tools/\xe4'])
  const deep = random.chance(0.9) ? `/part-${random.skewed(30)}` : ''
  if (random.chance(0.06)) return `${folder}${deep}/${random.pick(oddNames)}~${serial}`
  if (random.chance(0.004)) return `${folder}${deep}/${'long-'.repeat(46)}${serial}`
  return `${folder}${deep}/file-${serial}.${random.pick(['ts', 'md', 'json', 'c', 'py'])}`
}

export interface OddPerson {
  readonly name: string
  readonly email: string
}

const oddPeople: readonly OddPerson[] = [
  { name: bytesOf('Zoë Ångström'), email: 'zoe@example.org' },
  { name: 'Zo\xeb in Latin-1', email: 'ZOE@example.org' },
  { name: '', email: 'nameless@example.org' },
  { name: 'No Address', email: '' },
  { name: '\xff\xfe', email: 'bytes\xff@example.org' },
  { name: bytesOf('李 雷 🐉'), email: bytesOf('lǐ@例え.jp') },
  { name: 'O\'Neil "Quote" \\ Back', email: 'quote"@example.org' },
  { name: '\x1b[1mBold', email: 'escape@example.org' },
  { name: 'Long', email: `${'l'.repeat(230)}@example.org` },
  { name: '100% %41', email: '%41@example.org' },
]

/** A few people do most of the work; the odd ones each do some. */
export function personFor(random: Random): OddPerson {
  const odd = random.chance(0.05) ? oddPeople[random.below(oddPeople.length)] : undefined
  if (odd !== undefined) return odd
  const number = random.skewed(60)
  return { name: `Person ${number}`, email: `person-${number}@example.org` }
}

const words: readonly [string, ...string[]] = ['add', 'mend', 'the', 'parser', 'of', 'queue', 'cache', 'when', 'empty', 'faster', 'rename']

export function messageFor(random: Random): { readonly text: string; readonly encoding?: string } {
  if (random.chance(0.01)) return { text: '' }
  if (random.chance(0.01)) return { text: 'Gr\xfc\xdfe in Latin-1\n', encoding: 'ISO-8859-1' }
  if (random.chance(0.01)) return { text: 'not UTF-8: \xff\xfe\n' }
  if (random.chance(0.005)) return { text: `${bytesOf('läng ')}`.repeat(2_000) }
  const text = Array.from({ length: 2 + random.below(6) }, () => random.pick(words)).join(' ')
  return { text: random.chance(0.2) ? `${text}\n\nA body\nof two lines.\n` : `${text}\n` }
}
