import type { Command } from '../contracts/index.ts'

/**
 * A handler in the class style, for commands that no aggregate handles: sending a mail, starting a job. It decides by
 * itself what it does; nothing is stored for it, so a command that is sent twice is handled twice.
 */
export interface CommandHandler<C extends Command = Command> {
  /**
   * Full types of its commands. Whoever carries stored commands out asks for them by type; without this list a type is found out
   * when its first command waits, some seconds later, by asking `supports` about a command that has nothing but its type.
   */
  readonly types?: readonly string[] | undefined
  readonly supports: (command: Command) => command is C
  readonly handle: (command: C) => void | Promise<void>
}
