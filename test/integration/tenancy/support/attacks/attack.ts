import type { AppSession } from '../app-session.ts'
import type { SignedContext } from '../two-tenants.ts'

export interface AttackGround {
  readonly schema: string
  /** Every relation with rows of tenants, qualified. */
  readonly relations: readonly string[]
  /** The login of the session. */
  readonly login: string
  readonly superuser: string
  /** To open further sessions with. */
  readonly url: string
  readonly own: SignedContext
  /** The victim's: for what the victim itself does on the session before, and for what an attacker can know of it, its text. */
  readonly victim: SignedContext
}

/** A way to another tenant's rows, for somebody who runs SQL as the application in a tenant's signed context. */
export interface Attack {
  readonly title: string
  run(session: AppSession, ground: AttackGround): Promise<void>
}

/** Statements, one after the other. */
export function statements(title: string, list: (ground: AttackGround) => readonly string[]): Attack {
  return { title, run: (session, ground) => session.tryAll(list(ground)) }
}

/** Statements that may change who the session is taken for; all is read afterwards. */
export function disguise(title: string, list: (ground: AttackGround) => readonly string[]): Attack {
  return {
    title,
    async run(session, ground) {
      await session.tryAll([...list(ground), ...readAll(ground)])
    },
  }
}

export function readAll({ relations }: AttackGround): string[] {
  return relations.map((relation) => `select to_jsonb(t) from ${relation} t`)
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
