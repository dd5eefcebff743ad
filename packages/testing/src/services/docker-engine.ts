import { request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The address of the Docker engine that answers; undefined when none does. Cheap: asked before testcontainers is loaded. */
export async function dockerEngine(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  const named = env['DOCKER_HOST']
  const candidates =
    named !== undefined && named !== '' ? [named] : ['unix:///var/run/docker.sock', `unix://${join(homedir(), '.docker/run/docker.sock')}`]
  for (const candidate of candidates) {
    if (await answersPing(candidate)) return candidate
  }
  return undefined
}

function answersPing(address: string): Promise<boolean> {
  const url = URL.parse(address)
  if (url === null) return Promise.resolve(false)
  const target =
    url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port === '' ? 2375 : Number(url.port) }
  return new Promise((resolve) => {
    const call = request({ ...target, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(false))
    call.end()
  })
}
