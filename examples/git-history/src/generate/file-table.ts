import type { Random } from './random.ts'

/** A file of the generated repository. Never changed in place: equal objects mean equal files. */
export interface FakeFile {
  readonly mode: '100644' | '100755' | '120000' | '160000'
  /** Bytes, one character each; a commit id for a submodule. */
  readonly data: string
}

/** The files of one branch, with a random choice in constant time. */
export class FileTable {
  readonly #files: Map<string, FakeFile>
  readonly #paths: string[]
  readonly #places: Map<string, number>

  constructor(from?: FileTable) {
    this.#files = new Map(from === undefined ? [] : from.#files)
    this.#paths = [...this.#files.keys()]
    this.#places = new Map(this.#paths.map((path, place) => [path, place]))
  }

  get size(): number {
    return this.#paths.length
  }

  get(path: string): FakeFile | undefined {
    return this.#files.get(path)
  }

  set(path: string, file: FakeFile): void {
    if (!this.#files.has(path)) {
      this.#places.set(path, this.#paths.length)
      this.#paths.push(path)
    }
    this.#files.set(path, file)
  }

  delete(path: string): void {
    const place = this.#places.get(path)
    if (place === undefined) return
    const last = this.#paths.pop()
    if (last !== undefined && last !== path) {
      this.#paths[place] = last
      this.#places.set(last, place)
    }
    this.#places.delete(path)
    this.#files.delete(path)
  }

  pick(random: Random): string | undefined {
    return this.#paths[random.skewed(this.#paths.length)]
  }
}
