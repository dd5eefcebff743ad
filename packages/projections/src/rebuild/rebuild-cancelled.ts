/** @internal The rebuild was asked to stop, and has stopped where the same call goes on. */
export class RebuildCancelled extends Error {
  constructor() {
    super('The rebuild was stopped; the same call goes on from there.')
    this.name = 'RebuildCancelled'
  }
}
