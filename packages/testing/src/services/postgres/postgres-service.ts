/** Where a test server comes from, in the order in which they are tried. */
export const postgresKinds = ['environment', 'container', 'binary', 'embedded'] as const

export type PostgresKind = (typeof postgresKinds)[number]

export interface PostgresService {
  /** The address of the database `postgres`, as superuser. */
  readonly url: string
  readonly kind: PostgresKind
  /** As `18.4`. */
  readonly version: string
  /** Ends the server and removes its data; does nothing to one from the environment. May be called again. */
  stop(): Promise<void>
}

export interface PostgresServiceRequest {
  /** PostgreSQL settings; a server from the environment keeps its own. */
  readonly settings: Readonly<Record<string, string>>
  /** Where to look for the names of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A way to a server. A text says in one clause why this way is closed. */
export type PostgresSource = (request: PostgresServiceRequest) => Promise<Omit<PostgresService, 'kind'> | string>
