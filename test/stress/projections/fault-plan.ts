import { writeSync } from 'node:fs'
import type { FaultHook, FaultPoint, LoggerPort } from '@cairn/core'
import type { Strike } from './child-settings.ts'

/** Points that come by whether there is work or not: they count while a batch is open somewhere in the process. */
const anywhere: ReadonlySet<FaultPoint> = new Set(['lease-taken', 'lease-renewed', 'lease-released'])
/** Points of one partition that count while its batch is open. */
const ownBatch: ReadonlySet<FaultPoint> = new Set([
  'batch-read',
  'batch-handled',
  'commit-begun',
  'rows-written',
  'checkpoint-written',
  'committed',
])

/** Says something to the check, at once: nothing of it stays in a buffer when the process dies. */
export function say(message: object): void {
  writeSync(1, `${JSON.stringify(message)}\n`)
}

/** Warnings and errors, for what a check says of a process that ended as it should not. */
export const logger: LoggerPort = {
  debug: () => undefined,
  info: () => undefined,
  warn: complain,
  error: complain,
  child: () => logger,
}

function complain(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const { error } = fields
  writeSync(2, `${message}${error === undefined ? '' : ` (${error instanceof Error ? error.message : String(error)})`}\n`)
}

/** Carries a strike out. Without one it only goes by. */
export function strikeHook(strike: Strike | undefined): FaultHook {
  const open = new Set<string>()
  let hits = 0
  return (point, details) => {
    const id = `${String(details['name'])}/${String(details['generation'])}/${String(details['partition'])}`
    if (point === 'batch-read' && details['events'] !== 0) open.add(id)
    const busy = anywhere.has(point) ? open.size > 0 : !ownBatch.has(point) || open.has(id)
    if (point === 'committed' || (point === 'lease-released' && open.has(id))) open.delete(id)
    if (
      strike === undefined ||
      point !== strike.point ||
      !busy ||
      (strike.on !== undefined && details['name'] !== strike.on) ||
      ++hits !== strike.hit
    )
      return
    say({ struck: point, on: id })
    process.kill(process.pid, strike.action === 'kill' ? 'SIGKILL' : 'SIGSTOP')
  }
}
