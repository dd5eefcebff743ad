import type { Command } from '../contracts/index.ts'
import { InvalidInputError } from '../errors/index.ts'
import { typeMatcher } from '../patterns/index.ts'

/** What a condition looks at. The tenant, user and role are those of the command's metadata. */
export interface PolicyContext {
  readonly command: Command
  readonly tenantId: string
  readonly userId: string | undefined
  readonly role: string | undefined
}

/** Says whether a command is allowed. Pure and synchronous: the same command gives the same answer. */
export type PolicyCondition = (context: PolicyContext) => boolean

export interface AllowOptions {
  /** Only callers with one of these roles. @default every role, and none */
  readonly roles?: readonly string[] | undefined
  /** A condition, or the name of a registered one; with several, all must hold. @default none */
  readonly when?: PolicyWhen | readonly PolicyWhen[] | undefined
}
export type PolicyWhen = string | PolicyCondition

interface Policy {
  readonly pattern: string
  readonly matches: (commandType: string) => boolean
  readonly roles: ReadonlySet<string> | undefined
  readonly conditions: readonly PolicyWhen[]
}

/** A policy as it can be looked at. */
export interface PolicyRule {
  readonly pattern: string
  /** Undefined: every caller. */
  readonly roles: readonly string[] | undefined
  /** Names of its conditions; those that are functions have none. */
  readonly conditions: readonly string[]
}

/**
 * Who may send which command. While no policy is registered everything is allowed; from the first one on, a command is
 * denied unless some policy allows it. Policies only ever allow.
 */
export class Policies {
  readonly #policies: Policy[] = []
  readonly #conditions = new Map<string, PolicyCondition>()

  /** True until the first `allow`. */
  get empty(): boolean {
    return this.#policies.length === 0
  }

  /** What was allowed, in order. */
  get rules(): readonly PolicyRule[] {
    return this.#policies.map(({ pattern, roles, conditions }) => ({
      pattern,
      roles: roles === undefined ? undefined : [...roles],
      conditions: conditions.filter((when) => typeof when === 'string'),
    }))
  }

  /** Names of the registered conditions. */
  get conditionNames(): readonly string[] {
    return [...this.#conditions.keys()]
  }

  /**
   * Allows commands of a full type (`order.create`), of one prefix (`order.*`), or all (`*`).
   * @throws InvalidInputError when the pattern is not legal
   */
  allow(pattern: string, { roles, when }: AllowOptions = {}): this {
    this.#policies.push({
      pattern,
      matches: typeMatcher(pattern),
      roles: roles === undefined ? undefined : new Set(roles),
      conditions: when === undefined ? [] : isList(when) ? [...when] : [when],
    })
    return this
  }

  /** Names a condition, for `when` and for `evaluateCondition`. @throws InvalidInputError when the name is taken */
  registerCondition(name: string, condition: PolicyCondition): this {
    if (this.#conditions.has(name)) throw new InvalidInputError('condition', `A condition named "${name}" is registered already.`)
    this.#conditions.set(name, condition)
    return this
  }

  /** @throws InvalidInputError when no condition has the name */
  evaluateCondition(name: string, context: PolicyContext): boolean {
    const condition = this.#conditions.get(name)
    if (condition === undefined) {
      const known = [...this.#conditions.keys()].join(', ')
      throw new InvalidInputError('condition', `No condition is named "${name}". Known: ${known === '' ? 'none' : known}.`)
    }
    return condition(context)
  }

  /** @throws whatever a condition throws: a command is then neither allowed nor stored */
  isCommandAllowed(context: PolicyContext): boolean {
    return this.empty || this.#policies.some((policy) => this.#allows(policy, context))
  }

  /** @throws InvalidInputError when a policy names a condition that is not registered; called at boot */
  assertComplete(): void {
    for (const { conditions } of this.#policies) {
      for (const when of conditions) {
        if (typeof when === 'string' && !this.#conditions.has(when)) {
          throw new InvalidInputError('policies', `A policy names the condition "${when}", but none of that name is registered.`)
        }
      }
    }
  }

  #allows({ matches, roles, conditions }: Policy, context: PolicyContext): boolean {
    if (!matches(context.command.type)) return false
    if (roles !== undefined && (context.role === undefined || !roles.has(context.role))) return false
    return conditions.every((when) => (typeof when === 'string' ? this.evaluateCondition(when, context) : when(context)))
  }
}

function isList(when: PolicyWhen | readonly PolicyWhen[]): when is readonly PolicyWhen[] {
  return Array.isArray(when)
}
