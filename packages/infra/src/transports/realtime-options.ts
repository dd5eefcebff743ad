import type { IncomingMessage, Server } from 'node:http'
import { InvalidInputError, type LoggerPort } from '@cairn/core'

/** Who a client is, and what it may get. */
export interface RealtimeClient {
  readonly tenantId: string
  /**
   * Patterns, as `order.*`; the client gets events of these types alone. They may come from the client: with one that is no pattern
   * it is refused with 400. @default every type
   */
  readonly types?: readonly string[] | undefined
}

export interface RealtimePublisherOptions {
  /** Whose upgrades at `path` become clients; other paths are left to its other listeners, and are not found where there are none. */
  readonly server: Server
  /** @default '/events' */
  readonly path?: string | undefined
  /**
   * Says who asks for a connection, by its headers, its cookies or its query; nobody, and it is answered with 401, or with 400 where
   * `types` has what is no pattern. What clients send later is not read.
   */
  readonly authenticate: (request: IncomingMessage) => RealtimeClient | undefined | Promise<RealtimeClient | undefined>
  /** What may wait for a client that reads too slowly, bytes; one with more is cut off, and may come again. @default 1_048_576 */
  readonly maxBufferedBytes?: number | undefined
  /** A client that does not answer a ping for so long is cut off, milliseconds. @default 30_000 */
  readonly heartbeatMs?: number | undefined
  /** @default silent */
  readonly logger?: LoggerPort | undefined
}

/** @throws InvalidInputError naming the option */
export function atLeastOne(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidInputError(field, `${field} must be a whole number from 1 on, not ${value}.`)
}
