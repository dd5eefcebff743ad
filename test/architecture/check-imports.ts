import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { layerRules, loadersOfUserCode, type LayerRule } from './layer-rules.ts'
import { readImports, type SourceFile } from './read-imports.ts'
import type { Workspace, WorkspacePackage } from './workspace.ts'

export interface ImportCheck {
  /** One sentence each, with file and line. */
  readonly violations: readonly string[]
  /** What was read: a check that reads nothing finds nothing. */
  readonly filesByPackage: ReadonlyMap<string, number>
  readonly imports: number
  /** The packages of the repository that each one's own code (not its tests) imports. */
  readonly graph: ReadonlyMap<string, ReadonlySet<string>>
}

/** Reads every import and holds it against the rules. */
export function checkImports({ packages, files }: Workspace): ImportCheck {
  const violations: string[] = []
  const filesByPackage = new Map(packages.map(({ name }) => [name, 0]))
  const graph = new Map(packages.map(({ name }) => [name, new Set<string>()]))
  let imports = 0
  for (const file of files) {
    const owner = packages.find(({ folder }) => isInside(file.path, folder))
    if (owner === undefined) continue
    filesByPackage.set(owner.name, (filesByPackage.get(owner.name) ?? 0) + 1)
    for (const { specifier, line } of readImports(file)) {
      imports += 1
      const target = packages.find(({ name }) => specifier === name || specifier?.startsWith(`${name}/`))
      if (target !== undefined && target !== owner && !isTest(file)) graph.get(owner.name)?.add(target.name)
      const problem = specifier === undefined ? computedName(file) : problemOf(specifier, file, owner, target)
      if (problem !== undefined) violations.push(`${file.path}:${line}: ${problem}`)
    }
  }
  return { violations, filesByPackage, imports, graph }
}

function problemOf(specifier: string, file: SourceFile, owner: WorkspacePackage, target: WorkspacePackage | undefined): string | undefined {
  if (specifier.startsWith('.')) {
    const reached = posix.join(posix.dirname(file.path), specifier)
    return isInside(reached, owner.folder) ? undefined : `"${specifier}" reaches into another package; import it by its name`
  }
  if (posix.isAbsolute(specifier)) return `"${specifier}" is a path of one machine`
  if (isBuiltin(specifier))
    return specifier.startsWith('node:') ? undefined : `"${specifier}" is a module of Node.js; write "node:${specifier}"`
  if (target !== undefined && !(subpathOf(specifier, target) in target.exports)) return `"${specifier}" is not exported by ${target.name}`
  const name = packageNameOf(specifier)
  if (name !== owner.name && !isDeclared(name, file, owner)) return `"${name}" is not declared in ${owner.folder}/package.json`
  if (isTest(file)) return undefined
  const rule = ruleFor(file)
  if (rule === undefined) return 'no layer rule covers this folder; add one to layer-rules.ts'
  if (target === undefined)
    return rule.external === undefined || rule.external.includes(name) ? undefined : `${rule.folder} may not import "${name}"`
  if (target === owner) return `"${specifier}" imports its own package by name; import the file`
  return rule.imports.includes(target.name) ? undefined : `${rule.folder} may not import ${target.name}`
}

function computedName(file: SourceFile): string | undefined {
  if (loadersOfUserCode.includes(file.path)) return undefined
  return file.path.startsWith('packages/') && !isTest(file) ? 'an import with a computed name cannot be checked; write it out' : undefined
}

function isDeclared(name: string, file: SourceFile, owner: WorkspacePackage): boolean {
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = owner
  if (name in dependencies || name in peerDependencies || name in optionalDependencies) return true
  // What a user installs does not hold our development tools; the root's serve the tests of all.
  return (isTest(file) || owner.private) && (name in devDependencies || name === 'vitest')
}

function ruleFor(file: SourceFile): LayerRule | undefined {
  return layerRules.filter(({ folder }) => isInside(file.path, folder)).toSorted((a, b) => b.folder.length - a.folder.length)[0]
}

function isTest(file: SourceFile): boolean {
  return /\.(test|test-d)\.tsx?$/.test(file.path)
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

function packageNameOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function subpathOf(specifier: string, { name }: WorkspacePackage): string {
  return `.${specifier.slice(name.length)}`
}
