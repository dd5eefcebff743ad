import { ConnectionError } from 'slonik'

/**
 * True for what the operating system said of a socket. EPIPE has five capitals, as a SQLSTATE has; what PostgreSQL reported, with a
 * state that somebody's own function raised perhaps, carries its severity.
 */
export function isSystemError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code) && !('severity' in error)
}

/** The SQLSTATE of an error that PostgreSQL reported, wherever the driver wrapped it. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    const code: unknown = 'code' in e ? e.code : undefined
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !isSystemError(e)) return code
  }
  return undefined
}

/** The server ended the session (restart, termination): what ran may or may not have committed. */
const sessionEnded = new Set(['57P01', '57P02', '57P03', '57P05', '25P03'])

/**
 * True when the SQLSTATE proves that the statement had no effect. Without one the connection was lost, and 40003 says
 * that the server does not know itself.
 */
export function provesRollback(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state !== undefined && state !== '40003' && !state.startsWith('08') && !sessionEnded.has(state)
}

/**
 * A limit of the login's (57014 statement_timeout, 53400 temp_file_limit), or somebody who cancelled it (57014 as well): one statement
 * was too much, or was taken for that.
 */
export function isStopped(state: string): boolean {
  return state === '57014' || state === '53400'
}

/** Not enough resources (53), trouble of the system (58), a server that only reads: for now, and for whatever is sent. */
export function isTechnical(state: string): boolean {
  return (state.startsWith('53') && !isStopped(state)) || state.startsWith('58') || state === '25006'
}

/** True when the database could not be reached or went away: the same call may succeed on another connection. */
export function isConnectionFailure(error: unknown): boolean {
  const state = sqlStateOf(error)
  // 53300 too many connections, 57P03 starting up or shutting down.
  if (state !== undefined) return state.startsWith('08') || sessionEnded.has(state) || state === '53300'
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    if (e instanceof ConnectionError || /^Backend(Terminated|TerminatedUnexpectedly)Error$/.test(e.constructor.name)) return true
    if (isSystemError(e)) return true
    if (/connection (terminated|ended|timeout|closed)|query read timeout|timeout (expired|exceeded)|not queryable/i.test(e.message))
      return true
  }
  return false
}
