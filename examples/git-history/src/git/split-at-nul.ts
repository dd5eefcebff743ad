import { Buffer } from 'node:buffer'

/** Cuts chunks into the tokens that NUL bytes end; keeps an unfinished token for the next chunk. */
export class NulSplitter {
  #unfinished: Buffer[] = []

  push(chunk: Buffer): readonly Buffer[] {
    const tokens: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, start)) {
      tokens.push(this.#finish(chunk.subarray(start, end)))
      start = end + 1
    }
    if (start < chunk.length) this.#unfinished.push(chunk.subarray(start))
    return tokens
  }

  /** What stands behind the last NUL. */
  end(): readonly Buffer[] {
    return this.#unfinished.length === 0 ? [] : [this.#finish(Buffer.alloc(0))]
  }

  #finish(piece: Buffer): Buffer {
    if (this.#unfinished.length === 0) return piece
    const whole = Buffer.concat([...this.#unfinished, piece])
    this.#unfinished = []
    return whole
  }
}
