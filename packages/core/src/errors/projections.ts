import { CairnError } from './cairn-error.ts'

/** A name that no projection has. */
export class UnknownProjectionError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_PROJECTION'
  readonly retryable = false

  constructor(name: string, known: readonly string[], nearest: string | undefined) {
    super(
      `There is no projection "${name}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} ${known.length === 0 ? 'None is registered.' : `Known: ${known.join(', ')}.`}`,
      { details: { name, known, nearest } },
    )
  }
}

/** A table that the projection does not declare. */
export class UnknownTableError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_TABLE'
  readonly retryable = false

  constructor(projection: string, table: string, declared: readonly string[]) {
    super(`Projection ${projection} has no table "${table}". It declares: ${declared.join(', ')}.`, {
      details: { projection, table, declared },
    })
  }
}

/** A value does not fit its column, or a column is not there. */
export class RowValueError extends CairnError {
  readonly code = 'CAIRN_ROW_VALUE'
  readonly retryable = false

  constructor(table: string, column: string, problem: string) {
    super(`${table}.${column} ${problem}.`, { details: { table, column } })
  }
}

/** A row to patch is not there. */
export class RowMissingError extends CairnError {
  readonly code = 'CAIRN_ROW_MISSING'
  readonly retryable = false

  constructor(table: string, tenantId: string, key: unknown) {
    super(`${table} has no row ${JSON.stringify(key)} of tenant ${tenantId} to patch. Upsert it first, or use increment, which makes it.`, {
      details: { table, tenantId, key },
    })
  }
}

/** A row is at or ahead of the event that wants to change it: the event was applied before, or out of order. */
export class StaleRowError extends CairnError {
  readonly code = 'CAIRN_STALE_ROW'
  readonly retryable = false

  constructor(table: string, rows: number, position: number) {
    super(
      `${rows} row(s) of ${table} are at or ahead of position ${position}, which is about to change them. Nothing was written. ` +
        `Rows are changed by their projection alone; rebuild it.`,
      { details: { table, rows, position } },
    )
  }
}

/** A row belongs to another partition of the projection: the partition key does not determine the row keys. */
export class RowPartitionError extends CairnError {
  readonly code = 'CAIRN_ROW_PARTITION'
  readonly retryable = false

  constructor(table: string, rows: number, partition: number) {
    super(
      `${rows} row(s) of ${table} belong to another partition than ${partition}. Nothing was written. ` +
        `The partition key must determine every row that an event changes: choose another partitionBy, or one partition.`,
      { details: { table, rows, partition } },
    )
  }
}

/** A generation is not where it must be to become visible. */
export class NotCaughtUpError extends CairnError {
  readonly code = 'CAIRN_NOT_CAUGHT_UP'
  readonly retryable = true

  constructor(projection: string, generation: number, behind: number) {
    super(`Generation ${generation} of ${projection} is ${behind} positions behind the live one; nothing was switched.`, {
      details: { projection, generation, behind },
    })
  }
}

/** Views of others depend on a projection's view, which has to be made anew. */
export class DependentViewsError extends CairnError {
  readonly code = 'CAIRN_DEPENDENT_VIEWS'
  readonly retryable = false

  constructor(projection: string, dependents: readonly string[], cause?: unknown) {
    super(
      cause === undefined
        ? `Views depend on those of ${projection}: ${dependents.join(', ')}. Nothing was switched. Drop them, or let the switch make them anew: --recreate-dependents.`
        : `${dependents.join(', ')} could not be made again over the new views of ${projection}: ${cause instanceof Error ? cause.message : String(cause)}. Nothing was switched. Change or drop it first.`,
      { details: { projection, dependents }, cause },
    )
  }
}

/** A lock on a view did not come in time, because somebody reads for long. */
export class SwitchBlockedError extends CairnError {
  readonly code = 'CAIRN_SWITCH_BLOCKED'
  readonly retryable = true

  constructor(projection: string, attempts: number, blockers: readonly string[], cause?: unknown) {
    super(
      `The views of ${projection} could not be locked in ${attempts} tries${blockers.length === 0 ? '' : `; in the way: ${blockers.join(', ')}`}. Nothing was switched; run again.`,
      { details: { projection, attempts, blockers }, cause },
    )
  }
}

/** There is no earlier generation to go back to. */
export class NothingToRollBackError extends CairnError {
  readonly code = 'CAIRN_NOTHING_TO_ROLL_BACK'
  readonly retryable = false

  constructor(projection: string) {
    super(`Projection ${projection} has no previous generation to go back to.`, { details: { projection } })
  }
}

/** A projection's generation for this code is not in the database, and this login may not make it. */
export class ProjectionNotBuiltError extends CairnError {
  readonly code = 'CAIRN_PROJECTION_NOT_BUILT'
  readonly retryable = false

  constructor(projection: string, version: number) {
    super(
      `Version ${version} of projection ${projection} has no tables yet, and this login may not create them. Run rebuild-projections ${projection} with CAIRN_OWNER_URL.`,
      { details: { projection, version } },
    )
  }
}

/** A rebuild stopped at an event: it never skips one. */
export class RebuildStoppedError extends CairnError {
  readonly code = 'CAIRN_REBUILD_STOPPED'
  readonly retryable = false

  constructor(projection: string, event: { readonly id: string; readonly type: string; readonly position: number }, cause: unknown) {
    super(
      `The rebuild of ${projection} stopped at event ${event.id} (${event.type}, position ${event.position}): ${cause instanceof Error ? cause.message : String(cause)} ` +
        `The live read model is as it was. Correct the projection, then run the same command again.`,
      { details: { projection, eventId: event.id, type: event.type, position: event.position }, cause },
    )
  }
}

/** A rebuild that sets events aside has set aside as many of one partition as its projection allows. */
export class TooManyParkedError extends CairnError {
  readonly code = 'CAIRN_TOO_MANY_PARKED'
  readonly retryable = false

  constructor(projection: string, event: { readonly id: string; readonly type: string; readonly position: number }, maxWaiting: number) {
    super(
      `The rebuild of ${projection} stopped at event ${event.id} (${event.type}, position ${event.position}): ${maxWaiting} events of its ` +
        `partition are parked or wait behind parked ones, the most that are allowed (maxWaiting). Nothing was switched. ` +
        `Correct the projection and begin anew with --from-scratch, or raise maxWaiting and run the same command again.`,
      { details: { projection, eventId: event.id, type: event.type, position: event.position, maxWaiting } },
    )
  }
}

/** Another process builds the same generation. */
export class RebuildHeldError extends CairnError {
  readonly code = 'CAIRN_REBUILD_HELD'
  readonly retryable = true

  constructor(projection: string, generation: number, owner: string | undefined) {
    super(
      `Generation ${generation} of ${projection} is being built by another process${owner === undefined ? '' : ` (${owner})`}. ` +
        `Let it finish, or stop it and run again: its lease runs out within seconds.`,
      { details: { projection, generation, owner } },
    )
  }
}

/** Two folds of one log gave different rows: the projection's handlers depend on more than the events. */
export class RebuildVerificationError extends CairnError {
  readonly code = 'CAIRN_REBUILD_VERIFICATION'
  readonly retryable = false

  constructor(projection: string, generation: number, tables: readonly string[]) {
    super(
      `Generation ${generation} of ${projection} was folded twice from the same events, and the rows of ${tables.join(', ')} differ. ` +
        `Nothing was switched. Its handlers must take everything from the event: no clock, no random values, no other tables. ` +
        `Correct them, then rebuild with --from-scratch.`,
      { details: { projection, generation, tables } },
    )
  }
}

/** A projection that writes with the append failed, and the append with it. */
export class InlineProjectionError extends CairnError {
  readonly code = 'CAIRN_INLINE_PROJECTION'
  readonly retryable = false

  constructor(projection: string, events: readonly { readonly id: string; readonly type: string }[], cause: unknown) {
    const types = [...new Set(events.map(({ type }) => type))].join(', ')
    super(
      `The inline projection ${projection} failed at ${types}: ${cause instanceof Error ? cause.message : String(cause)} ` +
        `Nothing was stored, neither the events nor the rows. Correct the projection, or the command.`,
      { details: { projection, events: events.map(({ id }) => id) }, cause },
    )
  }
}

/** No rule of a table's readAccess is for the reader's role. */
export class ReadDeniedError extends CairnError {
  readonly code = 'CAIRN_READ_DENIED'
  readonly retryable = false

  constructor(table: string, role: string | undefined) {
    super(
      `${role === undefined ? 'A reader without a role' : `Role "${role}"`} may not read ${table}: its readAccess has no rule for it. ` +
        `Tables are denied by default; add the role, or '*' for everybody.`,
      { details: { table, role } },
    )
  }
}
