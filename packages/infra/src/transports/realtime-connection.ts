import { typeMatcher, type RecordedEvent } from '@cairn/core'
import type { WebSocket } from 'ws'

/** One client that is connected. */
export class RealtimeConnection {
  readonly tenantId: string
  readonly #socket: WebSocket
  readonly #wants: (type: string) => boolean
  /** The last event that it got, or that was not for it: whatever comes a second time does not reach it again. */
  #position = 0
  #answered = true

  constructor(socket: WebSocket, tenantId: string, wants: (type: string) => boolean) {
    this.#socket = socket
    this.tenantId = tenantId
    this.#wants = wants
    socket.on('pong', () => (this.#answered = true))
  }

  /** False when the client was too slow, and is cut off. */
  send(event: RecordedEvent, text: () => string, maxBufferedBytes: number): boolean {
    if (event.position <= this.#position) return true
    this.#position = event.position
    if (!this.#wants(event.type) || this.#socket.readyState !== this.#socket.OPEN) return true
    if (this.#socket.bufferedAmount > maxBufferedBytes) {
      // A goodbye would wait behind what it has not read.
      this.#socket.terminate()
      return false
    }
    this.#socket.send(text())
    return true
  }

  /** Asks whether it is still there. False when it did not answer the last time: it is cut off. */
  ping(): boolean {
    if (!this.#answered) {
      this.#socket.terminate()
      return false
    }
    this.#answered = false
    this.#socket.ping()
    return true
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }
}

/** The test that a client's patterns stand for. @throws InvalidInputError when one is no pattern */
export function typesMatcher(patterns: readonly string[] | undefined): (type: string) => boolean {
  const matchers = patterns?.map((pattern) => typeMatcher(pattern))
  return (type) => matchers?.some((matches) => matches(type)) ?? true
}
