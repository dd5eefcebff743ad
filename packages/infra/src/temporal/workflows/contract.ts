// What clients, workers and workflows agree on. All of it is stored in histories: names and shapes stay as they are, and new
// fields are optional. Nothing here may be imported from outside of the sandbox.

/** One aggregate's commands, one batch after another. */
export const entityWorkflowType = 'cairnEntity'
export const executeUpdate = 'execute'

export interface EntityInput {
  readonly tenantId: string
  /** Completes when nothing came for so long (at most twice as long), milliseconds. */
  readonly idleMs: number
  /** Continues as new from this many history events on, or earlier when the server suggests it. */
  readonly maxHistoryEvents: number
}

/** Tries of a batch before its commands are given back; the last one answers for each command instead of failing. */
export const batchAttempts = 5

/** What became of one command of a batch. Its result or error is in its row: nothing of the domain is kept in histories. */
export type CommandAnswer = { readonly status: 'processed' | 'failed' } | { readonly status: 'pending'; readonly error: GivenBack }

/** Why a command was not carried out now. */
export interface GivenBack {
  readonly code: string
  readonly message: string
}

/** One instance of a process manager: its timers, and the events on their way to it. */
export const processWorkflowType = 'cairnProcess'
export const deliverUpdate = 'deliver'

export interface ProcessKey {
  readonly processManager: string
  readonly tenantId: string
  readonly instanceId: string
}

export interface ProcessInput extends ProcessKey {
  /** Completes when nothing came for so long and no timer is held, milliseconds. */
  readonly idleMs: number
  readonly maxHistoryEvents: number
  /** Carried over by continue-as-new. */
  readonly held?: HeldWork | undefined
}

/** What a run hands to the next one. */
export interface HeldWork {
  readonly timers: readonly HeldTimer[]
  /** Ids of commands that are stored and wait to be carried out. */
  readonly commands: readonly string[]
  readonly done: boolean
}

export interface HeldTimer {
  readonly commandId: string
  /** Milliseconds since 1970. */
  readonly dueAt: number
}

/** Names a recorded event; the step reads it from the log. */
export interface EventRef {
  readonly aggregateType: string
  readonly aggregateId: string
  readonly version: number
  readonly position: number
  /** The version of the process manager that wanted it. */
  readonly definitionVersion?: number | undefined
}

/** What a batch of events led to. */
export interface StepResult {
  /** Every timer of the instance, as it stands now. */
  readonly timers: readonly HeldTimer[]
  /** Ids of commands that the batch sent, without timers. */
  readonly commands: readonly string[]
  readonly done: boolean
  /** The event that could not be handled, and why. What stands before it in the batch is handled, it and the rest are not. */
  readonly failed?: FailedEvent | undefined
}

export interface FailedEvent extends GivenBack {
  readonly position: number
}

/** The answer to a batch of events. */
export interface DeliverAnswer {
  readonly failed?: FailedEvent | undefined
}

/** A workflow that is about to continue as new or to complete refuses updates with a failure of this type; they are sent again. */
export const closingFailure = 'CairnClosing'

/** Under this key, a workflow of a user's own carries the command that it was started for. */
export const commandMemo = 'cairnCommand'

export interface CommandMemo {
  readonly tenantId: string
  readonly commandId: string
}

/** How a workflow of a user's own ended. */
export type WorkflowEnd =
  | { readonly status: 'processed'; readonly result?: unknown }
  | { readonly status: 'failed'; readonly error: GivenBack }

export interface CairnActivities {
  cairnExecuteCommands(tenantId: string, commandIds: readonly string[]): Promise<CommandAnswer[]>
  cairnStepProcess(key: ProcessKey, events: readonly EventRef[]): Promise<StepResult>
  /** Has stored commands carried out, and resolves when all have ended. */
  cairnRunCommands(tenantId: string, commandIds: readonly string[]): Promise<void>
  cairnFinishCommand(memo: CommandMemo, end: WorkflowEnd): Promise<void>
}
