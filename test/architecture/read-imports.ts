import { parseSync, Visitor, type ImportExpression } from 'oxc-parser'

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

export interface Import {
  /** As written: `./a.ts`, `@cairn/core`, `node:fs`; undefined where the name is computed. */
  readonly specifier: string | undefined
  readonly line: number
}

const alreadyRead = new WeakMap<SourceFile, readonly Import[]>()

/** Every import of a file: static, re-export, dynamic and in a type. By a real parser, which knows strings and comments. */
export function readImports(file: SourceFile): readonly Import[] {
  const known = alreadyRead.get(file)
  if (known !== undefined) return known
  const { program, errors } = parseSync(file.path, file.text)
  const [error] = errors
  if (error !== undefined) throw new Error(`${file.path} cannot be parsed: ${error.message}`)
  const found: Import[] = []
  const add = (specifier: string | undefined, start: number): void => {
    found.push({ specifier, line: file.text.slice(0, start).split('\n').length })
  }
  new Visitor({
    ImportDeclaration: ({ source, start }) => add(source.value, start),
    ExportAllDeclaration: ({ source, start }) => add(source.value, start),
    ExportNamedDeclaration: ({ source, start }) => {
      if (source !== null) add(source.value, start)
    },
    TSImportType: ({ source, start }) => add(source.value, start),
    ImportExpression: (node) => add(literalOf(node), node.start),
  }).visit(program)
  alreadyRead.set(file, found)
  return found
}

function literalOf({ source }: ImportExpression): string | undefined {
  return source.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined
}
