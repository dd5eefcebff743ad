import { CairnError, type ErrorDetails } from './cairn-error.ts'

/** A rule of the business says no. Final unless thrown with `{ retryable: true }`. */
export class BusinessRuleViolation extends CairnError {
  readonly code = 'CAIRN_BUSINESS_RULE'
  readonly retryable: boolean

  constructor(message: string, options: { readonly details?: ErrorDetails; readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, options)
    this.retryable = options.retryable ?? false
  }
}

/** Policies exist and none of them allows this command. */
export class NotAuthorizedError extends CairnError {
  readonly code = 'CAIRN_NOT_AUTHORIZED'
  readonly retryable = false

  constructor(commandType: string, tenantId: string, role: string | undefined) {
    super(
      `${role === undefined ? 'A caller without a role' : `Role "${role}"`} may not send ${commandType} in tenant ${tenantId}: no policy allows it. ` +
        `Commands are denied by default once a policy is registered.`,
      { details: { commandType, tenantId, role } },
    )
  }
}

/** The definition of a domain is wrong; found when it is defined or when the app boots, never later. */
export class DefinitionError extends CairnError {
  readonly code = 'CAIRN_DEFINITION'
  readonly retryable = false

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { details })
  }
}

/** A stored payload could not be lifted to the newest schema. */
export class UpcastError extends CairnError {
  readonly code = 'CAIRN_UPCAST'
  readonly retryable = false

  constructor(type: string, fromVersion: number, newest: number, cause?: unknown) {
    super(
      fromVersion > newest
        ? `A stored ${type} has schema version ${fromVersion}, but this process knows only up to ${newest}. Deploy the newer code here too.`
        : `A stored ${type} of schema version ${fromVersion} could not be lifted to version ${newest}. Correct its upcaster.`,
      { details: { type, fromVersion, newest }, cause },
    )
  }
}
