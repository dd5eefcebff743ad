import { InvalidInputError } from '../errors/input.ts'
import type { SubscriptionSpec } from '../ports/subscription-store.port.ts'
import { assertVersion } from './versions.ts'

const namePattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const maxNameLength = 200
export const maxPartitions = 256

/** @throws InvalidInputError unless a store may keep a subscription of this spec */
export function assertSubscriptionSpec(spec: SubscriptionSpec): void {
  const { key, version, fingerprint, partitions, startAfter } = spec
  if (typeof key.name !== 'string' || !namePattern.test(key.name) || key.name.length > maxNameLength) {
    throw new InvalidInputError(
      'name',
      `"${key.name}" cannot name a subscription: use lower-case words joined by hyphens ('order-summary'), at most ${maxNameLength} characters.`,
    )
  }
  assertFromOne('generation', key.generation)
  assertFromOne('version', version)
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw new InvalidInputError('fingerprint', `The fingerprint of ${key.name} must be 64 hex digits.`)
  }
  assertFromOne('partitions', partitions)
  if (partitions > maxPartitions) {
    throw new InvalidInputError('partitions', `${key.name} cannot have ${partitions} partitions: ${maxPartitions} are the most.`)
  }
  assertVersion('startAfter', startAfter)
}

function assertFromOne(field: string, value: number): void {
  // What an integer column holds.
  if (Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31) return
  throw new InvalidInputError(field, `${field} must be a whole number from 1 on, not ${String(value)}.`)
}
