import type { CommandModel } from '../definition/command-model.ts'
import type { CommandSetLike } from '../definition/command-set.ts'
import { UnknownTypeError } from '../errors/input.ts'
import { nearest } from '../registry/nearest.ts'

/** The commands of one aggregate at run time, by full type. */
export interface CommandTable {
  readonly types: ReadonlyMap<string, CommandModel>
  /** @throws UnknownTypeError */
  find(type: string): CommandModel
}

export function commandTable(commands: CommandSetLike): CommandTable {
  const types = new Map([...commands.$models.values()].map((model) => [model.type, model]))
  return {
    types,
    find(type) {
      const model = types.get(type)
      if (model === undefined) throw new UnknownTypeError('command', type, nearest(type, types.keys()))
      return model
    },
  }
}
