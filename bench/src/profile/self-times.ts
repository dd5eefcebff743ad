/** The part of a V8 CPU profile that is read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples?: readonly number[] | undefined
  /** Microseconds between samples. */
  readonly timeDeltas?: readonly number[] | undefined
}

export interface SelfTime {
  readonly name: string
  /** Package or file, with its line. */
  readonly where: string
  readonly share: number
}

/** Functions by the time spent in them and not in what they called, most first. */
export function selfTimes(profile: CpuProfile): SelfTime[] {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const times = new Map<string, { name: string; where: string; time: number }>()
  let total = 0
  for (const [i, id] of (profile.samples ?? []).entries()) {
    const time = profile.timeDeltas?.[i] ?? 0
    const frame = frames.get(id)
    if (frame === undefined) continue
    total += time
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName
    const where = shortened(frame.url, frame.lineNumber)
    const key = `${name} ${where}`
    const known = times.get(key)
    if (known === undefined) times.set(key, { name, where, time })
    else known.time += time
  }
  return [...times.values()].toSorted((a, b) => b.time - a.time).map(({ name, where, time }) => ({ name, where, share: time / total }))
}

/** The same by package (or by the runtime's own work), most first. */
export function sharesByPackage(times: readonly SelfTime[]): { readonly name: string; readonly share: number }[] {
  const shares = new Map<string, number>()
  for (const { name, where, share } of times) {
    const owner = where === '' ? name : packageOf(where)
    shares.set(owner, (shares.get(owner) ?? 0) + share)
  }
  return [...shares].map(([name, share]) => ({ name, share })).toSorted((a, b) => b.share - a.share)
}

/** Names of native code, `node` itself, `packages/infra`, `@scope/name`, `name`. */
function packageOf(where: string): string {
  if (where.startsWith('node:')) return 'node'
  return where
    .split('/')
    .slice(0, /^(@|packages\/)/.test(where) ? 2 : 1)
    .join('/')
}

function shortened(url: string, line: number): string {
  if (url === '') return ''
  const path = url.replace(/^file:\/\//, '').replace(/^.*\/node_modules\//, '')
  return `${path.replace(/^.*\/(packages|bench|db)\//, '$1/')}:${line + 1}`
}
