import { UnknownProjectionError } from '../errors/projections.ts'
import { DefinitionError } from '../errors/domain.ts'
import type { ProjectionDefinition } from '../read-models/projection-definition.ts'
import { nearest } from './nearest.ts'

/** The projections of an app by name; each table belongs to one of them. */
export class RegisteredProjections {
  readonly #byName = new Map<string, { readonly domain: string; readonly definition: ProjectionDefinition }>()
  readonly #byTable = new Map<string, string>()

  /**
   * @param events every event type of the app
   * @throws DefinitionError when a name or a table is taken, or an event type is of no domain; nothing is added then
   */
  add(domain: string, definition: ProjectionDefinition, events: ReadonlySet<string>): void {
    const { name } = definition
    const other = this.#byName.get(name)
    if (other !== undefined) {
      throw new DefinitionError(`Projection "${name}" is defined twice: in domain "${other.domain}" and in domain "${domain}".`, {
        projection: name,
        domains: [other.domain, domain],
      })
    }
    for (const table of definition.tables.keys()) {
      const owner = this.#byTable.get(table)
      if (owner === undefined) continue
      throw new DefinitionError(`Table "${table}" is declared by two projections: ${owner} and ${name}.`, {
        table,
        projections: [owner, name],
      })
    }
    for (const type of definition.types) {
      if (events.has(type)) continue
      throw new DefinitionError(
        `Projection "${name}" reads ${type}, which no domain of this app defines. Add the domain of its aggregate to createCairn.`,
        { projection: name, type, nearest: nearest(type, events) },
      )
    }
    this.#byName.set(name, { domain, definition })
    for (const table of definition.tables.keys()) this.#byTable.set(table, name)
  }

  get all(): readonly ProjectionDefinition[] {
    return [...this.#byName.values()].map((entry) => entry.definition)
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  /** @throws UnknownProjectionError, naming the nearest known name */
  get(name: string): ProjectionDefinition {
    const entry = this.#byName.get(name)
    if (entry === undefined) throw new UnknownProjectionError(name, this.names, nearest(name, this.#byName.keys()))
    return entry.definition
  }
}
