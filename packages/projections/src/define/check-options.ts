import { DefinitionError, nearest } from '@cairn/core'

/** A view, its tables and its subscription carry the name. */
const namePattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const maxVersion = 99_999
const maxPartitions = 256

export interface OptionsToCheck {
  readonly version: number
  readonly events: readonly { readonly $aggregate: string; readonly $models: ReadonlyMap<string, unknown> }[]
  readonly partitions?: number
  readonly mode?: 'async' | 'inline'
}

const known = ['version', 'events', 'tables', 'partitionBy', 'partitions', 'mode', 'retry', 'onExhausted', 'maxWaiting']

/** @throws DefinitionError naming the option */
export function checkProjectionOptions(name: string, options: OptionsToCheck): void {
  const refuse = (problem: string): never => {
    throw new DefinitionError(`Projection ${name} ${problem}.`, { projection: name })
  }
  if (!namePattern.test(name) || name.length > 100) {
    throw new DefinitionError(
      `"${name}" cannot name a projection: use lower-case words joined by hyphens ('order-summary'), at most 100 characters.`,
      {
        projection: name,
      },
    )
  }
  const unknown = Object.keys(options).find((option) => !known.includes(option))
  if (unknown !== undefined) {
    const near = nearest(unknown, known)
    refuse(`has no option "${unknown}"${near === undefined ? `; its options are ${known.join(', ')}` : `; did you mean "${near}"?`}`)
  }
  const { version, events, partitions = 1, mode = 'async' } = options
  if (!isWhole(version, 1, maxVersion)) refuse(`has version ${version}: it must be a whole number from 1 to ${maxVersion}`)
  if (!isWhole(partitions, 1, maxPartitions)) refuse(`has ${partitions} partitions: 1 to ${maxPartitions} are possible`)
  if (mode !== 'async' && mode !== 'inline') refuse(`has mode ${JSON.stringify(mode)}: it must be 'async' or 'inline'`)
  if (mode === 'inline' && partitions > 1)
    refuse('is inline and has several partitions: an append writes its rows at once, there is nothing to share out')
  if (!Array.isArray(events) || events.some((set) => !(set?.$models instanceof Map)))
    refuse('has events that are no event sets: list what defineEvents returned')
}

function isWhole(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest
}
