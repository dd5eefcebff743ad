import type { Command } from '../contracts/index.ts'
import type { CommandHandler } from './command-handler.ts'

/** What is known of the types that handlers of the class style take. */
export interface CommandHandlers {
  /** Types that are known by now: those that handlers name, and those that were met. */
  readonly types: Iterable<string>
  /** True where a handler names no types, so that there may be more than are known. */
  readonly open: boolean
  /** True when a handler takes commands of this type; it is known from then on. */
  handles(type: string): boolean
}

/** Handlers in the order of their registration. */
export class HandlerList implements CommandHandlers {
  readonly #handlers: CommandHandler[] = []
  readonly #types = new Set<string>()

  add(handler: CommandHandler): void {
    this.#handlers.push(handler)
    for (const type of handler.types ?? []) this.#types.add(type)
  }

  get types(): Iterable<string> {
    return this.#types
  }

  get open(): boolean {
    return this.#handlers.some(({ types }) => types === undefined)
  }

  /** The first one that supports the command. */
  find(command: Command): CommandHandler | undefined {
    const found = this.#handlers.find((handler) => handler.supports(command))
    if (found !== undefined) this.#types.add(command.type)
    return found
  }

  handles(type: string): boolean {
    if (this.#types.has(type)) return true
    try {
      return this.find(probeOf(type)) !== undefined
    } catch {
      // A handler that wants to see more of a command than its type.
      return false
    }
  }
}

function probeOf(type: string): Command {
  const id = '00000000-0000-8000-8000-000000000000'
  const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
  return { id, tenantId: 'probe', type, aggregateType: type.split('.')[0] ?? type, aggregateId: id, payload: {}, metadata }
}
