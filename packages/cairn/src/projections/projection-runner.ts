import {
  isCairnError,
  isOfDefinition,
  ProjectionNotBuiltError,
  type Consumer,
  type Generation,
  type LoggerPort,
  type ProjectionDefinition,
  type RowStorePort,
  type SubscriptionKey,
} from '@cairn/core'
import { projectionConsumer, type RebuildOutcome } from '@cairn/projections'
import { setTimeout as sleep } from 'node:timers/promises'
import { chooseGeneration, type GenerationChoice } from './choose-generation.ts'
import type { GenerationSource } from './generation-source.ts'
import { generationPlan } from '@cairn/projections'

/** How often it is looked whether somebody rebuilt, switched or rolled back a projection. */
const lookEveryMs = 500
/** How long a build that another process holds, or that failed, is left alone. */
const firstPauseMs = 1_000
const longestPauseMs = 60_000

export interface ProjectionRunnerParts {
  /** Those that are not inline. */
  readonly definitions: readonly ProjectionDefinition[]
  readonly source: GenerationSource
  readonly rows: Pick<RowStorePort, 'load'>
  readonly add: (consumer: Consumer) => Promise<void>
  readonly remove: (key: SubscriptionKey) => Promise<void>
  /** Builds the code's version of a projection beside the live one and switches to it. Undefined where this process does not build. */
  readonly build: ((projection: string, signal: AbortSignal) => Promise<RebuildOutcome>) | undefined
  readonly logger: LoggerPort
  readonly cacheRows: number | undefined
  readonly cacheBytes: number | undefined
}

/**
 * Feeds the generations of this process's code: the live one, the one before it while it is kept for a rollback, and, where the
 * code is newer than what readers see, the next one, which it builds and switches to.
 */
export class ProjectionRunner {
  readonly #parts: ProjectionRunnerParts
  /** Generations that the engine runs, by projection. */
  readonly #running = new Map<string, Set<number>>()
  readonly #ending = new AbortController()
  readonly #work: Promise<void>[] = []
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: ProjectionRunnerParts) {
    this.#parts = parts
  }

  /**
   * Finds or makes the generation of each projection, and begins.
   * @throws SubscriptionChangedError, SubscriptionVersionError, ProjectionNotBuiltError
   */
  async start(): Promise<void> {
    const { definitions } = this.#parts
    // What is wrong is said before anything runs.
    const choices: { readonly definition: ProjectionDefinition; readonly choice: GenerationChoice }[] = []
    for (const definition of definitions) choices.push({ definition, choice: await this.#choose(definition) })
    for (const { definition, choice } of choices) await this.#begin(definition, choice)
    if (definitions.length > 0) this.#work.push(this.#watch())
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await Promise.all([...this.#work, this.#looking])
  }

  async #choose(definition: ProjectionDefinition): Promise<GenerationChoice> {
    const { source, build, logger } = this.#parts
    const choice = chooseGeneration(definition, await source.generations(definition.name))
    if (choice.kind !== 'build') return choice
    if (build === undefined) throw new ProjectionNotBuiltError(definition.name, definition.version)
    const generation = choice.generation ?? (await source.ensure(generationPlan(definition)))
    logger.info(
      `Version ${definition.version} of projection ${definition.name} is built beside version ${choice.live.version}, which readers see until it has caught up.`,
      { projection: definition.name, generation: generation.generation },
    )
    return { ...choice, generation }
  }

  async #begin(definition: ProjectionDefinition, choice: GenerationChoice): Promise<void> {
    const { source, logger } = this.#parts
    if (choice.kind === 'build') {
      this.#work.push(this.#build(definition))
      return
    }
    if (choice.kind === 'beside') {
      logger.warn(
        `Readers of projection ${definition.name} see version ${choice.live.version}; this process feeds version ${definition.version}, which stands beside it.`,
        { projection: definition.name, generation: choice.generation.generation },
      )
    }
    if (choice.kind === 'first') await source.ensure(generationPlan(definition))
    await this.#sync(definition)
  }

  /** Makes the engine run the generations of this code that are to be fed now. */
  async #sync(definition: ProjectionDefinition): Promise<void> {
    const { source, rows, add, remove, cacheRows, cacheBytes } = this.#parts
    const { name } = definition
    const wanted = (await source.generations(name)).filter((generation) => isFed(definition, generation))
    const running = this.#running.get(name) ?? new Set<number>()
    this.#running.set(name, running)
    for (const generation of Array.from(running)) {
      if (wanted.some((one) => one.generation === generation)) continue
      running.delete(generation)
      await remove({ name, generation })
    }
    for (const generation of wanted) {
      if (running.has(generation.generation) || this.#ending.signal.aborted) continue
      await add(projectionConsumer({ definition, generation, rows, cacheRows, cacheBytes }))
      running.add(generation.generation)
    }
  }

  /** Looks now which generations are to be fed. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    return this.#looking
  }

  async #look(): Promise<void> {
    const { definitions, logger } = this.#parts
    for (const definition of definitions) {
      if (this.#ending.signal.aborted) return
      try {
        await this.#sync(definition)
      } catch (error) {
        logger.warn(`The generations of ${definition.name} could not be looked up; it is tried again.`, { error })
      }
    }
  }

  async #watch(): Promise<void> {
    while (await this.#pause(lookEveryMs)) await this.look()
  }

  /** Builds until readers see the code's version, by this process's work or another's. */
  async #build(definition: ProjectionDefinition): Promise<void> {
    const { source, build, logger } = this.#parts
    const { name, version } = definition
    if (build === undefined) return
    let pause = firstPauseMs
    while (!this.#ending.signal.aborted) {
      try {
        if (chooseGeneration(definition, await source.generations(name)).kind !== 'build') return
        const outcome = await build(name, this.#ending.signal)
        if (outcome.status === 'rebuilt') {
          logger.info(`Projection ${name} is at version ${version} now: ${outcome.events} events in ${Math.round(outcome.seconds)} s.`, {
            projection: name,
            generation: outcome.generation,
          })
        }
        if (outcome.status !== 'failed') return
        throw outcome.error ?? new Error(`The build of ${name} failed.`)
      } catch (error) {
        if (this.#ending.signal.aborted) return
        if (isCairnError(error, 'CAIRN_REBUILD_HELD')) logger.debug(`Another process builds ${name}.`, { projection: name, error })
        else
          logger.error(`Version ${version} of projection ${name} could not be built; readers see the version before it.`, {
            projection: name,
            error,
          })
      }
      await this.#pause(pause)
      pause = Math.min(longestPauseMs, pause * 2)
    }
  }

  /** False when the runner ends. */
  async #pause(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined)
    return !this.#ending.signal.aborted
  }
}

function isFed(definition: ProjectionDefinition, generation: Generation): boolean {
  const { state, tenantId } = generation
  return tenantId === undefined && isOfDefinition(generation, definition) && (state === 'live' || state === 'previous')
}
