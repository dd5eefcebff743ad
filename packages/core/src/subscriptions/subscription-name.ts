import { DefinitionError } from '../errors/domain.ts'
import type { SubscriptionKey } from '../ports/subscription-store.port.ts'

const pattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

/** @throws DefinitionError unless the name is 1..200 characters, lower-case words joined by hyphens */
export function assertSubscriptionName(name: string): void {
  if (typeof name === 'string' && name.length <= 200 && pattern.test(name)) return
  throw new DefinitionError(
    `"${name}" cannot name a subscription: use lower-case words joined by hyphens ('order-mailer'), at most 200 characters.`,
    { name },
  )
}

/** For maps and messages: the name alone for the first generation. */
export function keyText({ name, generation }: SubscriptionKey): string {
  return generation === 1 ? name : `${name}#${generation}`
}
