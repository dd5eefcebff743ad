import type { Metadata } from '../contracts/metadata.ts'

/** Thrown at whoever looks at what was not read; the page is then read again, with everything. */
export class DetailsUnreadError extends Error {
  override readonly name = 'DetailsUnreadError'

  constructor() {
    super('The metadata and the times of these events were not read, because nobody had asked for them. They are read again with both.')
  }
}

/**
 * Stands for the metadata and the times of a page's events where these were not read, as most projections look at neither and
 * they are a good part of the work. Who does is noticed, whatever they do with the error: nothing made of such a page may be kept
 * then. The schema version is there, for upcasters.
 */
export class UnreadDetails {
  readonly recordedAt: Date
  readonly #metadata: Metadata[] = []
  #wanted = false

  constructor() {
    this.recordedAt = new Proxy<Date>(new Date(0), this.#trapsOf(undefined))
  }

  /** True as soon as somebody has looked. */
  get wanted(): boolean {
    return this.#wanted
  }

  /** What stands for the metadata of events of this schema version. */
  metadata(schemaVersion: number): Metadata {
    const known = this.#metadata[schemaVersion]
    if (known !== undefined) return known
    const made = new Proxy<Metadata>({ correlationId: '', causationId: '', schemaVersion }, this.#trapsOf(schemaVersion))
    this.#metadata[schemaVersion] = made
    standsFor.set(made, this)
    return made
  }

  #trapsOf(schemaVersion: number | undefined): ProxyHandler<object> {
    const refuse = (): never => {
      this.#wanted = true
      throw new DetailsUnreadError()
    }
    return {
      get: (_target, name) => (name === 'schemaVersion' && schemaVersion !== undefined ? schemaVersion : refuse()),
      has: refuse,
      ownKeys: refuse,
      getOwnPropertyDescriptor: refuse,
      getPrototypeOf: refuse,
      set: refuse,
      defineProperty: refuse,
      deleteProperty: refuse,
      isExtensible: refuse,
      preventExtensions: refuse,
      setPrototypeOf: refuse,
    }
  }
}

const standsFor = new WeakMap<Metadata, UnreadDetails>()

/** The metadata of an event whose payload was lifted to this schema version. */
export function withSchemaVersion(metadata: Metadata, schemaVersion: number): Metadata {
  return standsFor.get(metadata)?.metadata(schemaVersion) ?? { ...metadata, schemaVersion }
}
