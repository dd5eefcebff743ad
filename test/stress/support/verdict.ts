/** What a check found. `control` is what the same run found where the guarantee was left out: there it must fail, else the check proves nothing. */
export interface Verdict {
  readonly ok: boolean
  readonly control: object
}

/** Takes one line about what is being done now. */
export type OnStep = (text: string) => void

export const silent: OnStep = () => undefined
