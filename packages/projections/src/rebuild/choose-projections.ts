import { nearest, UnknownProjectionError, type ProjectionDefinition } from '@cairn/core'

/** The projections of these names, each once, in the order of their registration. @throws UnknownProjectionError */
export function chooseProjections(
  projections: readonly ProjectionDefinition[],
  { names = [], all = false }: { readonly names?: readonly string[] | undefined; readonly all?: boolean | undefined },
): readonly ProjectionDefinition[] {
  const known = projections.map((projection) => projection.name)
  for (const name of names) if (!known.includes(name)) throw new UnknownProjectionError(name, known, nearest(name, known))
  return projections.filter((projection) => all || names.includes(projection.name))
}
