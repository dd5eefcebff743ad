/** One promise of a port: a sentence, and what shows that it is kept. `run` throws where it is not. */
export interface ContractCase<Context> {
  readonly title: string
  readonly run: (context: Context) => Promise<void>
}

/** Promises about one matter. */
export interface ContractGroup<Context> {
  readonly about: string
  readonly cases: readonly ContractCase<Context>[]
}

/**
 * A group written as sentences with their proofs. A contract is data, so that it can be run by vitest as well as counted
 * and turned against deliberately broken stores, which must each fail at least one case.
 */
export function contractGroup<Context>(
  about: string,
  cases: Readonly<Record<string, (context: Context) => Promise<void>>>,
): ContractGroup<Context> {
  return { about, cases: Object.entries(cases).map(([title, run]) => ({ title, run })) }
}
