import {
  assertCommand,
  assertTime,
  CommandIdReusedError,
  encodeMetadata,
  encodePayload,
  hashCommand,
  type QueuedCommand,
} from '@cairn/core'

/** What a cancelled command says. */
export const cancelled = JSON.stringify({
  code: 'CAIRN_COMMAND_CANCELLED',
  message: 'The command was cancelled before it started.',
  retryable: false,
})

/** Commands as `enqueue_commands` takes them. Payloads are encoded once, and stand in the text as they are. @throws InvalidInputError, PayloadTooLargeError */
export function queueJson(commands: readonly QueuedCommand[], maxPayloadBytes: number): string {
  const texts = commands.map(({ command, dueAt }) => {
    assertCommand(command)
    const { tenantId, id, type, aggregateType, aggregateId } = command
    const names = [tenantId, id, hashCommand(command), type, aggregateType, aggregateId].map((name) => JSON.stringify(name)).join(',')
    const payload = encodePayload(`command ${type}`, command.payload, maxPayloadBytes)
    const metadata = encodeMetadata(`command ${type}`, command.metadata)
    return `[${names},${payload},${metadata},${dueAt === undefined ? 'null' : millisecondsOf(dueAt)}]`
  })
  return `[${texts.join(',')}]`
}

export function dueAtText(dueAt: Date): string {
  return new Date(millisecondsOf(dueAt)).toISOString()
}

/** Of the first id that was used with other content. */
export function reusedError(reused: readonly (readonly [tenantId: string, id: string])[] | null): CommandIdReusedError | undefined {
  const [first] = reused ?? []
  return first === undefined ? undefined : new CommandIdReusedError(first[0], first[1])
}

function millisecondsOf(dueAt: Date): number {
  assertTime('dueAt', dueAt)
  return dueAt.getTime()
}
