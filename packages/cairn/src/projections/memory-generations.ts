import { ProjectionNotBuiltError, type Generation, type GenerationPlan, type PhysicalTable } from '@cairn/core'
import type { GenerationSource } from './generation-source.ts'

/** In memory every projection has one generation: nothing of an earlier process is there. */
export class MemoryGenerations implements GenerationSource {
  readonly #byProjection = new Map<string, Generation>()

  async generations(projection: string): Promise<readonly Generation[]> {
    const generation = this.#byProjection.get(projection)
    return generation === undefined ? [] : [generation]
  }

  async ensure(plan: GenerationPlan): Promise<Generation> {
    const { projection, version, fingerprint, inline } = plan
    const known = this.#byProjection.get(projection)
    if (known !== undefined) return known
    const now = new Date()
    const generation: Generation = {
      projection,
      generation: 1,
      version,
      fingerprint,
      state: 'live',
      inline,
      tables: memoryTables(plan),
      createdAt: now,
      switchedAt: now,
    }
    this.#byProjection.set(projection, generation)
    return generation
  }

  /** @throws ProjectionNotBuiltError */
  live(projection: string): Generation {
    const generation = this.#byProjection.get(projection)
    if (generation === undefined) throw new ProjectionNotBuiltError(projection, 1)
    return generation
  }
}

/** The tables of a projection's one generation. */
export function memoryTables({ version, tables }: Pick<GenerationPlan, 'version' | 'tables'>): readonly PhysicalTable[] {
  return tables.map((model) => ({ name: `${model.name}__v${version}_g1`, model }))
}
