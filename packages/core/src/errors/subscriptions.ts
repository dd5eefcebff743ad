import { CairnError } from './cairn-error.ts'

/** The definition of a subscription changed while its version did not: old and new code would read one log differently. */
export class SubscriptionChangedError extends CairnError {
  readonly code = 'CAIRN_SUBSCRIPTION_CHANGED'
  readonly retryable = false

  constructor(what: string, version: number) {
    super(
      `The definition of ${what} is not the one that is stored as version ${version}. Raise its version to ${version + 1}` +
        `, or undo the change; a projection of the same version can also be rebuilt: rebuild-projections --from-scratch.`,
      { details: { what, version } },
    )
  }
}

/** The code's version is lower than the stored one. */
export class SubscriptionVersionError extends CairnError {
  readonly code = 'CAIRN_SUBSCRIPTION_VERSION'
  readonly retryable = false

  constructor(what: string, version: number, stored: number) {
    super(
      `The code has version ${version} of ${what}, the database version ${stored}. Deploy the newer code here too; ` +
        `to go back to an earlier version of a projection: rebuild-projections --rollback.`,
      { details: { what, version, stored } },
    )
  }
}

/** Another process took the partition over; what this one had not committed was rolled back. */
export class LeaseLostError extends CairnError {
  readonly code = 'CAIRN_LEASE_LOST'
  readonly retryable = true

  constructor(name: string, partition: number) {
    super(`Partition ${partition} of ${name} was taken over by another process. Nothing of this batch was stored.`, {
      details: { name, partition },
    })
  }
}

/** No subscription of this name (and generation) is stored, or known to this process. */
export class UnknownSubscriptionError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_SUBSCRIPTION'
  readonly retryable = false

  constructor(name: string, known: readonly string[]) {
    super(`There is no subscription "${name}". ${known.length === 0 ? 'There are none.' : `Known: ${known.join(', ')}.`}`, {
      details: { name, known },
    })
  }
}

/** A subscription may not move from its state to the one asked for. */
export class IllegalStateError extends CairnError {
  readonly code = 'CAIRN_ILLEGAL_STATE'
  readonly retryable = false

  constructor(name: string, from: string, to: string) {
    super(`Subscription ${name} is ${from} and cannot become ${to}.`, { details: { name, from, to } })
  }
}

/** The wait for a position ran out of time. The event is stored; only its readers are behind. */
export class WaitTimeoutError extends CairnError {
  readonly code = 'CAIRN_WAIT_TIMEOUT'
  readonly retryable = true

  constructor(
    position: number,
    behind: readonly { readonly name: string; readonly checkpoint: number; readonly state: string }[],
    timeoutMs: number,
  ) {
    const list = behind.map((b) => `${b.name} is ${b.state} at ${b.checkpoint}`).join(', ')
    super(
      `Position ${position} was not reached within ${timeoutMs} ms: ${list}. The events are stored; wait again, or look at what holds the reader.`,
      {
        details: { position, behind, timeoutMs },
      },
    )
  }
}

/** A cursor belongs to another log: a copy, or the state before a restore. */
export class ForeignLogError extends CairnError {
  readonly code = 'CAIRN_FOREIGN_LOG'
  readonly retryable = false

  constructor(cursorLogId: string, logId: string) {
    super(
      `The cursor belongs to log ${cursorLogId}, and this is log ${logId}. Its position means nothing here: begin again from a start position.`,
      {
        details: { cursorLogId, logId },
      },
    )
  }
}

/** A process met an event of a type that its code does not know, in a subscription to every type. It gave up the partition. */
export class UnknownEventError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_EVENT'
  readonly retryable = false

  constructor(subscription: string, type: string, eventId: string, position: number) {
    super(
      `${subscription} met event ${eventId} of type ${type} at position ${position}, which this process does not know. ` +
        `It does not go past it; deploy the code that knows the type.`,
      { details: { subscription, type, eventId, position } },
    )
  }
}
