import { CairnError } from './cairn-error.ts'

/** The definition of a subscription changed while its version did not: old and new code would read one log differently. */
export class SubscriptionChangedError extends CairnError {
  readonly code = 'CAIRN_SUBSCRIPTION_CHANGED'
  readonly retryable = false

  /** @param change what is known of the difference: 'its mode changed from inline to async' */
  constructor(what: string, version: number, change?: string) {
    super(
      `The definition of ${what} is not the one that is stored as version ${version}${change === undefined ? '' : `: ${change}`}. Raise its version to ${version + 1}` +
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

/** The number of partitions changed, and the subscription does not stand where its keys could be shared out anew. */
export class SubscriptionPartitionsError extends CairnError {
  readonly code = 'CAIRN_SUBSCRIPTION_PARTITIONS'
  readonly retryable = false

  constructor(what: string, stored: number, wanted: number) {
    super(
      `${what} has ${stored} partitions, the code wants ${wanted}, and they stand at different checkpoints or hold parked events: a key's ` +
        `new partition could read events again or leave some out. Let it run dry with nothing parked, pause and reset it to one position, or use another name.`,
      { details: { what, stored, wanted } },
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

/** A transaction of a subscription waited for something outside of the database for so long that the database ended it. */
export class IdleCommitError extends CairnError {
  readonly code = 'CAIRN_IDLE_COMMIT'
  readonly retryable = true

  constructor(name: string, idleMs: number, cause: unknown) {
    super(
      `The transaction of ${name} sent no statement for ${idleMs} ms, its lease, and the database ended it. Nothing was stored. ` +
        `Do slow work outside of the transaction, or give leases more time.`,
      { details: { name, idleMs }, cause },
    )
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

/** The wait for a position ran out of time, or its app was stopped. The event is stored; only its readers are behind. */
export class WaitTimeoutError extends CairnError {
  readonly code = 'CAIRN_WAIT_TIMEOUT'
  readonly retryable = true
  readonly behind: readonly { readonly name: string; readonly checkpoint: number; readonly state: string }[]

  /** @param stopped what ended the wait before its time */
  constructor(position: number, behind: WaitTimeoutError['behind'], timeoutMs: number, stopped?: Error) {
    const list = stopped?.message ?? `${behind.map((b) => `${b.name} is ${b.state} at ${b.checkpoint}`).join(', ')}.`
    super(
      `Position ${position} was not reached within ${timeoutMs} ms: ${list} The events are stored; wait again, or look at what holds the reader.`,
      { details: { position, behind, timeoutMs }, cause: stopped },
    )
    this.behind = behind
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

/**
 * A process met an event that newer code has stored: of a schema version above those that it knows, or, in a subscription to every
 * type, of a type that it does not know. It gave up the partition.
 */
export class UnknownEventError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_EVENT'
  readonly retryable = false

  /** @param cause why it could not be lifted; undefined where the type is not known */
  constructor(subscription: string, type: string, eventId: string, position: number, cause?: unknown) {
    super(
      cause instanceof Error
        ? `${subscription} met event ${eventId} at position ${position}, which needs newer code, and does not go past it. ${cause.message}`
        : `${subscription} met event ${eventId} of type ${type} at position ${position}, which this process does not know. ` +
            `It does not go past it; deploy the code that knows the type.`,
      { details: { subscription, type, eventId, position }, cause },
    )
  }
}
