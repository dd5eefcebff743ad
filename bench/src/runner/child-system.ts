import { fork, type ChildProcess } from 'node:child_process'
import type { Answers, Question, Reply } from '../child/protocol.ts'
import type { System } from '../contestants/contestant.ts'

/** A system in a process of its own. */
export class ChildSystem {
  readonly system: System
  readonly #process: ChildProcess
  #stderr = ''
  #ended: Error | undefined
  #settle: { resolve(value: Answers[keyof Answers]): void; reject(error: Error): void } | undefined

  constructor(system: System, execArgv: readonly string[] = []) {
    this.system = system
    this.#process = fork(new URL('../child/main.ts', import.meta.url), {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4000)
    })
    this.#process.on('message', (reply: Reply) => {
      const settle = this.#settle
      this.#settle = undefined
      if (reply.ok) settle?.resolve(reply.value)
      else settle?.reject(new Error(`${system}: ${reply.error}`))
    })
    this.#process.on('exit', (code, signal) => {
      this.#ended = new Error(`The process of ${system} ended (${signal ?? code}). ${this.#stderr}`.trim())
      this.#settle?.reject(this.#ended)
    })
  }

  get stderr(): string {
    return this.#stderr
  }

  async ask<Q extends Question>(question: Q): Promise<Answers[Q['ask']]> {
    if (this.#ended !== undefined) throw this.#ended
    if (this.#settle !== undefined) throw new Error(`${this.system} is still busy with the question before.`)
    const value = await new Promise<Answers[keyof Answers]>((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#process.send(question)
    })
    // The child answers each question by its own kind: the protocol is one file, both ends read it.
    return value as Answers[Q['ask']]
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    const exit = new Promise((resolve) => this.#process.once('exit', resolve))
    const closed = await Promise.race([this.ask({ ask: 'close' }).then(() => true), delay(10_000)]).catch(() => false)
    if (closed !== true || !(await Promise.race([exit.then(() => true), delay(10_000)]))) this.kill()
  }

  kill(): void {
    if (this.#ended === undefined) this.#process.kill('SIGKILL')
  }
}

function delay(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref()
  })
}
