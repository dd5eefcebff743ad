import type { StateSchema } from '../aggregate/snapshots.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import type { EventSetLike, EventsOf } from '../definition/event-set.ts'
import { DefinitionError } from '../errors/domain.ts'
import { nearest } from '../registry/nearest.ts'
import type { FailurePolicy } from '../subscriptions/failure-policy.ts'
import { resolveFailurePolicy } from '../subscriptions/resolve-failure-policy.ts'
import type { StartPosition } from '../subscriptions/start-position.ts'
import { idleCheckedType, idleInstance } from './idle-check.ts'
import { delayMs, type Delay } from './intents.ts'
import type { ProcessContext } from './process-context.ts'
import type { ProcessManagerDefinition, Reaction } from './process-manager.ts'
import { stateForm } from './state-form.ts'
import type { StepContext } from './step-context.ts'

/** The events of several sets, by full type. */
export type EventMap<E extends EventSetLike> = { readonly [V in EventsOf<E> as V['type']]: V }
export type EventTypeOf<E extends EventSetLike> = EventsOf<E>['type']
export type EventByType<E extends EventSetLike, T> = T extends keyof EventMap<E> ? EventMap<E>[T] : never

export interface ProcessManagerOptions<E extends EventSetLike, S> {
  /** The sets whose events it may react to; of any domain. */
  readonly events: readonly E[]
  /** The state of a new instance; what its schema keeps, JSON without one. @default null */
  readonly initial?: () => S
  /**
   * Of the state: dates and the like have a codec in it. When its shape changes while instances run, make it a chain with `versions`.
   * @default no schema: JSON, never lifted
   */
  readonly state?: StateSchema<S>
  /** Raise it when the definition changes. @default 1 */
  readonly version?: number
  /**
   * An instance that had no event for so long ends by itself, once: as with `done`, its timers are withdrawn and later events of its
   * name are ignored. Counted from the recorded time of its last event. @default never
   */
  readonly expiresAfter?: Delay
  /** What to do then; it ends whatever this answers. @default nothing */
  readonly expired?: (state: S, event: RecordedEvent, context: ProcessContext<E>) => Reaction<S>
  /** How many partitions share the instances out. @default 1 */
  readonly partitions?: number
  /**
   * Where it begins when an app runs it for the first time; later it goes on from its checkpoint. 'end': it does not act on what
   * happened before, since commands for an old history surprise everybody. @default 'end'
   */
  readonly from?: StartPosition
  /** What becomes of an event whose reaction fails. @default five tries, then parked; the instance waits behind it */
  readonly failure?: Partial<FailurePolicy>
}

/** Three steps, so that each is checked against types that are already fixed. */
export interface ProcessManagerBuilder<N extends string, E extends EventSetLike, S> {
  /**
   * Which instance each event belongs to, by a text that is its name within the tenant; undefined ignores the event. The
   * types named here are the ones it reacts to.
   */
  correlate<T extends EventTypeOf<E>>(keys: {
    readonly [X in T]: (event: EventByType<E, X>) => string | undefined
  }): {
    /**
     * One reaction for each type. Pure: no clock, no randomness, no input but its arguments; ids made inside are derived. What it must
     * know of other streams it asks its context for.
     */
    on(reactions: {
      readonly [X in T]: (state: S, event: EventByType<E, X>, context: ProcessContext<E>) => Reaction<S>
    }): ProcessManagerDefinition<N>
  }
}

/**
 * Declares a process manager: what to do, across aggregates, when something happened.
 * @throws DefinitionError when the name is not legal or a type is in none of the sets
 */
export function defineProcessManager<const N extends string, E extends EventSetLike, S = null>(
  name: N,
  options: ProcessManagerOptions<E, S>,
): ProcessManagerBuilder<N, E, S> {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) || name.length > 100) {
    throw new DefinitionError(
      `"${name}" cannot name a process manager: use up to 100 lower-case letters and digits, words joined by hyphens.`,
      {
        name,
      },
    )
  }
  for (const field of ['version', 'partitions'] as const) {
    const value = options[field] ?? 1
    if (!Number.isSafeInteger(value) || value < 1)
      throw new DefinitionError(`${field} of process manager "${name}" must be a whole number from 1 on.`, { name })
  }
  const failure = resolveFailurePolicy(
    options.failure ?? {},
    (problem) => new DefinitionError(`Process manager "${name}" ${problem}.`, { name }),
  )
  return {
    correlate: (keys) => ({
      on: (reactions) => complete(name, { ...options, failure }, new Map(Object.entries(keys)), new Map(Object.entries(reactions))),
    }),
  }
}

// The builder's types tie each function to its event; here they are looked up by the event's type again.
type Correlate = (event: never) => string | undefined
type React = (state: never, event: never, context: never) => Reaction<unknown>

function complete<N extends string, E extends EventSetLike, S>(
  name: N,
  options: ProcessManagerOptions<E, S> & { readonly failure: FailurePolicy },
  keys: ReadonlyMap<string, unknown>,
  reactions: ReadonlyMap<string, unknown>,
): ProcessManagerDefinition<N> {
  const known = new Set(options.events.flatMap((set) => [...set.$models.values()].map((model) => model.type)))
  const correlate = new Map<string, Correlate>()
  const react = new Map<string, React>()
  for (const type of new Set([...keys.keys(), ...reactions.keys()])) {
    if (!known.has(type)) {
      throw new DefinitionError(`Process manager "${name}" names ${type}, which is in none of its event sets.`, {
        name,
        type,
        nearest: nearest(type, known),
      })
    }
    const [key, reaction] = [keys.get(type), reactions.get(type)]
    if (!isCorrelate(key))
      throw new DefinitionError(`Process manager "${name}" does not correlate ${type}: add it to .correlate({ … }).`, { name, type })
    if (!isReact(reaction))
      throw new DefinitionError(`Process manager "${name}" has no reaction to ${type}: add it to .on({ … }).`, { name, type })
    correlate.set(type, key)
    react.set(type, reaction)
  }
  const expiresAfterMs = options.expiresAfter === undefined ? undefined : delayMs(options.expiresAfter)
  if (expiresAfterMs !== undefined) {
    if (expiresAfterMs === 0) throw new DefinitionError(`Process manager "${name}" expires after no time at all.`, { name })
    correlate.set(idleCheckedType, (event: RecordedEvent) => idleInstance(name, event))
    react.set(idleCheckedType, (state: S, event: RecordedEvent, context: ProcessContext<E>) =>
      ended(options.expired?.(state, event, context)),
    )
  } else if (options.expired !== undefined) {
    throw new DefinitionError(`Process manager "${name}" says what to do when it has expired, but not after what time: add expiresAfter.`, {
      name,
    })
  }
  const form = stateForm(name, options)
  return Object.freeze({
    name,
    version: options.version ?? 1,
    types: Object.freeze([...react.keys()]),
    stateVersion: form.version,
    partitions: options.partitions ?? 1,
    expiresAfterMs,
    from: options.from ?? 'end',
    failure: options.failure,
    initial: () => (options.initial === undefined ? null : options.initial()),
    storeState: form.store,
    liftState: form.read,
    correlate: (event: RecordedEvent) => correlate.get(event.type)?.(event as never),
    react(state: unknown, event: RecordedEvent, context: StepContext) {
      const reaction = react.get(event.type)
      // It may be run several times, and must find the state as it was.
      const given = reaction !== undefined && reaction.length > 2 && !form.coded ? structuredClone(state) : state
      return reaction?.(given as never, event as never, context as never)
    },
  })
}

function ended<S>(reaction: Reaction<S>): Reaction<S> {
  // A promise is refused where every reaction's is.
  if (reaction instanceof Promise) return reaction
  return reaction !== undefined && 'length' in reaction ? { send: reaction, done: true } : { ...reaction, done: true }
}

function isCorrelate(value: unknown): value is Correlate {
  return typeof value === 'function'
}

function isReact(value: unknown): value is React {
  return typeof value === 'function'
}
