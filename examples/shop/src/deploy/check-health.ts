import { healthPort } from './settings.ts'

/** What the image's HEALTHCHECK runs: 0 while the worker beside it works. */
const answer = await fetch(`http://127.0.0.1:${healthPort(process.env)}/health`).catch((error: unknown) => error)
if (answer instanceof Response) process.stdout.write(`${await answer.text()}\n`)
else process.stdout.write(`${String(answer)}\n`)
process.exitCode = answer instanceof Response && answer.ok ? 0 : 1
