import { createHmac } from 'node:crypto'
import { InvalidInputError, ownRolePrefix } from '@cairn/core'
import { textArray } from './array-literal.ts'

/** A tenant context that the database verifies: see db/functions/010-tenants.sql. */
export interface SignedContext {
  /** A text[] literal: role, user, tenants. */
  readonly text: string
  /** HMAC-SHA-256 of `text`, lower-case hex. */
  readonly signature: string
}

export interface Actor {
  readonly role?: string | undefined
  readonly userId?: string | undefined
}

const cachedContexts = 1_000
/** In whose name inline projections write their rows; see the policies of read models. */
export const inlineRole = 'cairn:inline'

/** Signs tenant contexts with the key that `migrate` made. */
export class ContextSigner {
  readonly #key: Buffer
  /** Contexts of one tenant without an actor: those of every append and load. */
  readonly #single = new Map<string, SignedContext>()

  /** @throws InvalidInputError unless the key is 64 hex digits */
  constructor(key: string) {
    if (!/^[0-9a-f]{64}$/.test(key)) {
      throw new InvalidInputError(
        'contextKey',
        'The context key must be the 64 hex digits that the migration reported (CAIRN_CONTEXT_KEY).',
      )
    }
    this.#key = Buffer.from(key, 'hex')
  }

  /** @throws InvalidInputError when the actor's role is one of Cairn's own */
  sign(tenants: readonly string[], actor?: Actor): SignedContext {
    if (actor?.role?.startsWith(ownRolePrefix) === true)
      throw new InvalidInputError('role', `Roles that begin with "${ownRolePrefix}" are Cairn's own; "${actor.role}" cannot be a caller's.`)
    const only = tenants.length === 1 && actor === undefined ? tenants[0] : undefined
    if (only !== undefined) {
      const cached = this.#single.get(only)
      if (cached !== undefined) return cached
    }
    const signed = this.#signed(tenants, actor)
    if (only !== undefined) {
      if (this.#single.size >= cachedContexts) this.#single.clear()
      this.#single.set(only, signed)
    }
    return signed
  }

  /** For the event store's own writes to the tables of inline projections, which nobody else may change. */
  signInline(tenantId: string): SignedContext {
    return this.#signed([tenantId], { role: inlineRole })
  }

  #signed(tenants: readonly string[], actor: Actor | undefined): SignedContext {
    const text = textArray([actor?.role ?? '', actor?.userId ?? '', ...tenants])
    return { text, signature: createHmac('sha256', this.#key).update(text).digest('hex') }
  }
}
