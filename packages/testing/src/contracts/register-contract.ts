import { afterAll, beforeAll, describe, test } from 'vitest'
import type { ContractGroup } from './contract-case.ts'

/** Registers a contract with vitest: one fixture for the whole suite, one context for each case. */
export function registerContract<Fixture extends { cleanup(): Promise<void> }, Context>(
  name: string,
  groups: readonly ContractGroup<Context>[],
  factory: () => Promise<Fixture>,
  contextOf: (fixture: Fixture) => Context,
): void {
  describe(name, () => {
    let fixture: Fixture | undefined

    beforeAll(async () => {
      fixture = await factory()
    })
    afterAll(async () => {
      await fixture?.cleanup()
    })

    for (const { about, cases } of groups) {
      describe(about, () => {
        for (const { title, run } of cases) {
          test(title, async () => {
            if (fixture === undefined) throw new Error(`The fixture of ${name} was not made.`)
            await run(contextOf(fixture))
          })
        }
      })
    }
  })
}
