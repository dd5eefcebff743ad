export type GitErrorCode = 'GIT_MISSING' | 'GIT_TOO_OLD' | 'NOT_A_REPOSITORY' | 'REPOSITORY_NOT_TRUSTED' | 'UNKNOWN_COMMIT' | 'GIT_FAILED'

/** Git could not answer. The message says what happened and what to do. */
export class GitError extends Error {
  readonly code: GitErrorCode

  constructor(code: GitErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'GitError'
    this.code = code
  }
}
