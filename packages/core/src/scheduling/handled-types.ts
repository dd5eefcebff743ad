import type { DueCommandsPort } from '../ports/index.ts'
import type { CommandTypes } from './admit-command.ts'
import type { CommandDispatcher } from './command-worker-options.ts'

export interface HandledTypesParts {
  readonly registry: Pick<CommandTypes, 'commandTypes'>
  readonly bus?: Pick<CommandDispatcher, 'handlers'> | undefined
  /** Command types beside the registry's and the bus's. @default none */
  readonly types?: readonly string[] | undefined
}

/**
 * The command types that a process carries out: those of its aggregates, those of handlers on its bus, and others that it names.
 * As they are at each call, because handlers may be registered at any time.
 */
export class HandledTypes {
  readonly #parts: HandledTypesParts

  constructor(parts: HandledTypesParts) {
    this.#parts = parts
  }

  /** Those that are known by now, in order. */
  get known(): readonly string[] {
    const { registry, bus, types = [] } = this.#parts
    return [...new Set([...registry.commandTypes, ...(bus?.handlers?.types ?? []), ...types])].toSorted()
  }

  has(type: string): boolean {
    return this.#parts.registry.commandTypes.includes(type) || this.isHandled(type)
  }

  /** True for a type that a handler takes or that is named; whether an aggregate does is not asked. */
  readonly isHandled = (type: string): boolean => {
    const { bus, types = [] } = this.#parts
    return types.includes(type) || bus?.handlers?.handles(type) === true
  }

  /** Asks handlers that name no types about those of commands that wait: what they take is known from then on. */
  async askAboutWaiting(due: Pick<DueCommandsPort, 'unknown'>, limit: number): Promise<void> {
    const { bus } = this.#parts
    if (bus?.handlers?.open !== true) return
    for (const { type } of await due.unknown(0, limit)) bus.handlers.handles(type)
  }
}
