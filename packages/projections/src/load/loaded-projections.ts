import { DefinitionError, nearest, UnknownProjectionError, type ProjectionDefinition } from '@cairn/core'

/** Projections by name. */
export class LoadedProjections {
  readonly #byName = new Map<string, ProjectionDefinition>()

  /** @throws DefinitionError when two projections have one name, or a table of one name: each table is a view of one schema */
  constructor(projections: Iterable<ProjectionDefinition>) {
    const owners = new Map<string, string>()
    for (const projection of projections) {
      const { name } = projection
      if (this.#byName.has(name)) throw new DefinitionError(`Two projections are named "${name}". Rename one.`, { projection: name })
      this.#byName.set(name, projection)
      for (const table of projection.tables.keys()) {
        const owner = owners.get(table)
        if (owner !== undefined) {
          throw new DefinitionError(`Projections ${owner} and ${name} both have a table "${table}". Rename one.`, {
            projection: name,
            table,
          })
        }
        owners.set(table, name)
      }
    }
  }

  /** In the order in which they were found. */
  get all(): readonly ProjectionDefinition[] {
    return [...this.#byName.values()]
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  /** @throws UnknownProjectionError, which lists the known names and the nearest */
  get(name: string): ProjectionDefinition {
    const found = this.#byName.get(name)
    if (found !== undefined) return found
    throw new UnknownProjectionError(name, this.names, nearest(name, this.names))
  }

  /** Those named; all where none is. @throws UnknownProjectionError */
  pick(names: readonly string[]): readonly ProjectionDefinition[] {
    return names.length === 0 ? this.all : names.map((name) => this.get(name))
  }
}
