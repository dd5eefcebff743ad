import { InvalidInputError } from '../errors/index.ts'

/**
 * The test that a pattern stands for: a full type (`order.created`), every type of one prefix (`order.*`), or all (`*`).
 * @throws InvalidInputError when the text is no pattern
 */
export function typeMatcher(pattern: string): (type: string) => boolean {
  if (pattern === '*') return () => true
  const stem = pattern.endsWith('.*') ? pattern.slice(0, -1) : pattern
  if (stem === '' || stem === '.' || stem.includes('*')) {
    throw new InvalidInputError(
      'pattern',
      `"${pattern}" is no pattern. Write a full type ("order.created"), all types of one prefix ("order.*"), or "*".`,
    )
  }
  return stem === pattern ? (type) => type === stem : (type) => type.startsWith(stem)
}
