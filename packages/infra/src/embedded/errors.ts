import { CairnError, type ErrorDetails } from '@cairn/core'

/** No PostgreSQL programs can be run here. */
export class PostgresBinariesMissingError extends CairnError {
  readonly code = 'CAIRN_POSTGRES_BINARIES_MISSING'
  readonly retryable = false

  constructor(problem: string, details: ErrorDetails = {}, cause?: unknown) {
    super(problem, { details, cause })
  }
}

/** The port that was asked for belongs to another program. */
export class PortTakenError extends CairnError {
  readonly code = 'CAIRN_PORT_TAKEN'
  readonly retryable = false

  constructor(port: number) {
    super(
      `Port ${port} on 127.0.0.1 is used by another program. Stop that program, name another port, or name none and a free one is taken.`,
      {
        details: { port },
      },
    )
  }
}

/** The data folder was made by another major version of PostgreSQL. */
export class DataFolderVersionError extends CairnError {
  readonly code = 'CAIRN_DATA_FOLDER_VERSION'
  readonly retryable = false

  constructor(dataDir: string, found: string, needed: string) {
    super(
      `The data folder ${dataDir} belongs to PostgreSQL ${found}, but these programs are PostgreSQL ${needed}, which cannot read it. ` +
        `Name another folder, or move the data with pg_dump of version ${found}.`,
      { details: { dataDir, found, needed } },
    )
  }
}

/** The data folder cannot be used: not writable, not reachable, or something else lies in it. */
export class DataFolderError extends CairnError {
  readonly code = 'CAIRN_DATA_FOLDER'
  readonly retryable = false

  constructor(problem: string, dataDir: string, cause?: unknown) {
    super(problem, { details: { dataDir }, cause })
  }
}

/** The PostgreSQL server did not come up, or went down again. */
export class PostgresStartError extends CairnError {
  readonly code = 'CAIRN_POSTGRES_START'
  readonly retryable = false

  constructor(problem: string, details: ErrorDetails = {}, cause?: unknown) {
    super(problem, { details, cause })
  }
}
