import { DefinitionError } from '../errors/domain.ts'
import { UnknownTypeError } from '../errors/input.ts'
import type { ProcessManagerDefinition } from '../process-managers/process-manager.ts'
import { nearest } from './nearest.ts'

/** The process managers of an app by name. */
export class RegisteredProcessManagers {
  readonly #byName = new Map<string, { readonly domain: string; readonly definition: ProcessManagerDefinition }>()

  /**
   * @param events every event type of the app
   * @throws DefinitionError when a name is taken, or an event type is of no domain; nothing is added then
   */
  add(domain: string, definition: ProcessManagerDefinition, events: ReadonlySet<string>): void {
    const { name } = definition
    const other = this.#byName.get(name)
    if (other !== undefined) {
      throw new DefinitionError(`Process manager "${name}" is defined twice: in domain "${other.domain}" and in domain "${domain}".`, {
        processManager: name,
        domains: [other.domain, domain],
      })
    }
    for (const type of definition.types) {
      if (events.has(type)) continue
      throw new DefinitionError(
        `Process manager "${name}" reacts to ${type}, which no domain of this app defines. Add the domain of its aggregate to createCairn.`,
        { processManager: name, type, nearest: nearest(type, events) },
      )
    }
    this.#byName.set(name, { domain, definition })
  }

  get all(): readonly ProcessManagerDefinition[] {
    return [...this.#byName.values()].map((entry) => entry.definition)
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  /** @throws UnknownTypeError, naming the nearest known name */
  get(name: string): ProcessManagerDefinition {
    const entry = this.#byName.get(name)
    if (entry === undefined) throw new UnknownTypeError('process manager', name, nearest(name, this.#byName.keys()))
    return entry.definition
  }
}
