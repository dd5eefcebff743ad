import type { Command } from '../contracts/index.ts'

/**
 * A handler in the class style, for commands that no aggregate handles: sending a mail, starting a job. It decides by
 * itself what it does; nothing is stored for it, so a command that is sent twice is handled twice.
 */
export interface CommandHandler<C extends Command = Command> {
  readonly supports: (command: Command) => command is C
  readonly handle: (command: C) => void | Promise<void>
}
