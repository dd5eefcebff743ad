/** A seeded generator of random numbers (sfc32): the same seed gives the same sequence on every machine. */
export class Random {
  #a = 0x9e3779b9
  #b = 0x243f6a88
  #c = 0xb7e15162
  #counter: number

  constructor(seed: number) {
    this.#counter = seed >>> 0
    for (let i = 0; i < 20; i++) this.next()
  }

  /** 0 (inclusive) to 1 (exclusive). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return (sum >>> 0) / 0x1_0000_0000
  }

  /** 0..limit-1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** An index that favours the low ones, as work favours a few files and a few people. */
  skewed(limit: number): number {
    return Math.floor(limit * this.next() ** 3)
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0]
  }
}
