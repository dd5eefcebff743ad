import { fork } from 'node:child_process'
import type { Job, JobAnswers, JobDone, JobReply } from './job.ts'

/** Runs one job in a process of its own. @param signal ends it */
export function runJob<J extends Job>(job: J, signal: AbortSignal): Promise<JobDone<JobAnswers[J['kind']]>> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<JobDone<JobAnswers[J['kind']]>>()
  const child = fork(new URL('child.ts', import.meta.url), { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const stop = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', stop)
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4000)
  })
  child.on('message', (reply: JobReply) => {
    // The child answers a job by its own kind: the protocol is one file, both ends read it.
    if (reply.ok) resolve(reply.done as JobDone<JobAnswers[J['kind']]>)
    else reject(new Error(`${job.kind}: ${reply.error}`))
  })
  child.on('exit', (code, why) => {
    signal.removeEventListener('abort', stop)
    // Nothing happens where the answer has come already.
    reject(new Error(`The process of ${job.kind} ended (${why ?? code}). ${stderr}`.trim()))
  })
  child.send(job)
  return promise
}
