import { nearest, UnknownProjectionError, type ProjectionDefinition } from '@cairn/core'

/**
 * The projections of these names, each once, in the order of their registration. A table's name stands for the projection that
 * owns it. @throws UnknownProjectionError
 */
export function chooseProjections(
  projections: readonly ProjectionDefinition[],
  { names = [], all = false }: { readonly names?: readonly string[] | undefined; readonly all?: boolean | undefined },
): readonly ProjectionDefinition[] {
  const known = new Map(projections.flatMap(({ name, tables }) => [...tables.keys()].map((table) => [table, name] as const)))
  for (const { name } of projections) known.set(name, name)
  const chosen = new Set(names.map((name) => known.get(name) ?? refuse(name, projections, known.keys())))
  return projections.filter((projection) => all || chosen.has(projection.name))
}

function refuse(name: string, projections: readonly ProjectionDefinition[], known: Iterable<string>): never {
  throw new UnknownProjectionError(
    name,
    projections.map((projection) => projection.name),
    nearest(name, known),
  )
}
