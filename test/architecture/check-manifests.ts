import { heavyPackages } from './layer-rules.ts'
import type { WorkspacePackage } from './workspace.ts'

/** Heavy packages that a user would be forced to install. */
export function checkHeavyDependencies(packages: readonly WorkspacePackage[]): readonly string[] {
  return packages
    .filter((one) => !one.private)
    .flatMap(({ folder, dependencies }) =>
      Object.keys(dependencies)
        .filter((name) => heavyPackages.some((heavy) => heavy.test(name)))
        .map((name) => `${folder}/package.json: "${name}" is heavy; make it an optional peer`),
    )
}

/** What each package needs of the others to be installed, by its manifest. */
export function dependencyGraph(packages: readonly WorkspacePackage[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Set(packages.map(({ name }) => name))
  return new Map(
    packages.map(({ name, dependencies, peerDependencies, optionalDependencies }) => {
      const all = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
      return [name, new Set(all.filter((dependency) => names.has(dependency)))]
    }),
  )
}

/** One cycle as `a -> b -> a`; undefined when there is none. */
export function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): string | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name].join(' -> ')
    if (done.has(name)) return undefined
    for (const next of graph.get(name) ?? []) {
      const cycle = visit(next, [...path, name])
      if (cycle !== undefined) return cycle
    }
    done.add(name)
    return undefined
  }
  for (const name of graph.keys()) {
    const cycle = visit(name, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
