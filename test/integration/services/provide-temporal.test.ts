import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideTemporal } from '@cairn/testing/services'
import { expect, test } from 'vitest'

test('an address in the environment wins, and is an error in one sentence when nobody answers there', async () => {
  for (const name of ['CAIRN_TEST_TEMPORAL', 'TEMPORAL_ADDR']) {
    await expect(provideTemporal({ env: { ...process.env, [name]: '127.0.0.1:1' } })).rejects.toMatchObject({
      code: 'CAIRN_TEST_SERVICE_UNAVAILABLE',
      message: expect.stringMatching(/^No Temporal server for the tests: .*127\.0\.0\.1:1$/),
    })
  }
})

test('a server of our own says where it is, survives a kill with its database file, and is then used by its address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-provide-temporal-'))
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const server = await provideTemporal({ own: true, dbFile: join(folder, 'temporal.db'), log })
  expect(lines.at(-1)).toBe(`Test Temporal: ${server.kind}, at ${server.address}.`)
  await server.kill()
  const env = { ...process.env, CAIRN_TEST_TEMPORAL: server.address }
  await expect(provideTemporal({ env, log })).rejects.toMatchObject({ code: 'CAIRN_TEST_SERVICE_UNAVAILABLE' })
  await server.restart()
  const named = await provideTemporal({ env, log })
  expect([named.kind, named.address]).toEqual(['environment', server.address])
  // Not ours to end.
  await named.stop()
  await expect(named.kill()).rejects.toMatchObject({ code: 'CAIRN_TEST_SERVICE_UNAVAILABLE' })
  await server.stop()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})
