/** Where a Temporal server for tests comes from, in the order in which they are tried. */
export const temporalKinds = ['environment', 'binary', 'go', 'download'] as const

export type TemporalKind = (typeof temporalKinds)[number]

export interface TemporalService {
  /** Host and port. */
  readonly address: string
  readonly namespace: string
  readonly kind: TemporalKind
  /** Ends the server; does nothing to one from the environment. May be called again. */
  stop(): Promise<void>
  /**
   * SIGKILL, and until it is gone; nothing is put in order. @throws ServiceUnavailableError for one from the environment
   */
  kill(): Promise<void>
  /** Starts it again at the same address, after `stop` or `kill`; on the same database file, where one was given. */
  restart(): Promise<void>
}

export interface TemporalServerSettings {
  /** Keeps the server's state in this file, so that it survives a restart. @default in memory */
  readonly dbFile?: string | undefined
  /** Values of the server's dynamic configuration, 'limit.historyCount.suggestContinueAsNew' and so on. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>> | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/** A way to the server's program. A text says in one clause why this way is closed. */
export type TemporalProgramSource = (env: Environment, log: (line: string) => void) => Promise<{ readonly program: string } | string>
