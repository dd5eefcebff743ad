import type { DispatchOptions } from './dispatch-options.ts'

/** Puts a command aside in place of carrying it out: whoever runs stored commands does it. */
export interface AsyncDispatchOptions extends Omit<DispatchOptions, 'expectedVersion'> {
  readonly async: true
  /** Not before this time. @default now */
  readonly dueAt?: Date | undefined
}

/** The receipt of a command that was put aside. Its row tells what becomes of it. */
export interface PendingCommand {
  readonly commandId: string
  readonly aggregateId: string
  readonly status: 'pending'
}

export function isAsync(options: DispatchOptions | AsyncDispatchOptions): options is AsyncDispatchOptions {
  return 'async' in options && options.async === true
}
