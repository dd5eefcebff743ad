import { expect, test } from 'vitest'
import { assertExpectedVersion, assertVersion } from './versions.ts'

test('versions are safe whole numbers from 0 on', () => {
  for (const good of [0, 1, Number.MAX_SAFE_INTEGER]) expect(() => assertVersion('fromVersion', good)).not.toThrow()
  for (const bad of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, undefined, 1n]) {
    expect(() => assertVersion('fromVersion', bad)).toThrow(expect.objectContaining({ code: 'CAIRN_INVALID_INPUT', field: 'fromVersion' }))
  }
})

test('an expected version is a version or one of two words; nothing stands for "unchecked" by accident', () => {
  for (const good of [0, 7, 'any', 'exists']) expect(() => assertExpectedVersion(good)).not.toThrow()
  for (const bad of [-1, 0.5, Number.NaN, 2 ** 53, 'Any', '0', '', null, undefined, {}]) {
    expect(() => assertExpectedVersion(bad)).toThrow(/expected version must be/)
  }
})
