import { createHash } from 'node:crypto'
import type { Person } from '../git/commit.ts'

// Aggregate ids are texts of 1..200 characters.
const longest = 200

/** The e-mail address in lower case. An address too long for an id, or none, is replaced by a hash of address and name. */
export function contributorId(person: Person): string {
  const email = person.email.trim().toLowerCase()
  if (email !== '' && email.length <= longest && !email.startsWith('hash:')) return email
  const name = email === '' ? person.name : ''
  return `hash:${createHash('sha256').update(`${email}\0${name}`).digest('hex')}`
}
