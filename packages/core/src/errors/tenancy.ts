import { CairnError } from './cairn-error.ts'

/** A command, event or stream of one tenant was used in the name of another. */
export class TenantMismatchError extends CairnError {
  readonly code = 'CAIRN_TENANT_MISMATCH'
  readonly retryable = false

  constructor(expected: string, actual: string, what: string) {
    super(`${what} belongs to tenant ${actual}, but the call was made for tenant ${expected}. Nothing was stored.`, {
      details: { expected, actual },
    })
  }
}

/** A tenant must be named and none was. */
export class TenantMissingError extends CairnError {
  readonly code = 'CAIRN_TENANT_MISSING'
  readonly retryable = false

  constructor(what: string) {
    super(`${what} names no tenant. Pass { tenantId } with the call, or set a default tenant in createCairn.`)
  }
}

/** The signed tenant context was refused by the database. */
export class ContextRefusedError extends CairnError {
  readonly code = 'CAIRN_CONTEXT_REFUSED'
  readonly retryable = false

  /** @param what the call, for the message: 'an append' */
  constructor(what: string, cause: unknown) {
    super(
      `The database refused the signed tenant context of ${what}: the application's context key is not the one that this schema was migrated with. ` +
        `Compare CAIRN_CONTEXT_KEY with the key that the migration reported.`,
      { details: { what }, cause },
    )
  }
}
