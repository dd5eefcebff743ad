import type { Heartbeat, Lease, Member, SubscriptionKey } from '../ports/subscription-store.port.ts'
import type { ConsumerEntry } from './consumer-entry.ts'
import { DetachedSweep } from './detached-sweep.ts'
import { sharePartitions, type Share } from './partition-share.ts'
import { PartitionRunner, type RunnerParts } from './runner.ts'
import type { RunnerEnd } from './runner-end.ts'
import { runningStates } from './states.ts'
import { keyText } from './subscription-name.ts'
import { Wake } from './wake.ts'

type KeeperParts = Omit<RunnerParts, 'entry' | 'lazyMs'> & {
  /** The consumers of this process. */
  readonly entries: ReadonlyMap<string, ConsumerEntry>
  readonly memberId: string
}

interface Held {
  readonly entry: ConsumerEntry
  readonly runner: PartitionRunner
  readonly ended: Promise<void>
}

interface Wanted {
  readonly id: string
  readonly entry: ConsumerEntry
  readonly partition: number
}

/** Leases that are asked for at the same time. */
const takesAtOnce = 4
/** Between two heartbeats at least, milliseconds. */
const restMs = 5
/** A process that cannot keep a partition going leaves it to others after so many tries. */
const standBackAfter = 3

/** The heartbeat: renews leases, shares partitions out with the other processes, and starts and ends this one's runners. */
export class LeaseKeeper {
  readonly #parts: KeeperParts
  readonly #held = new Map<string, Held>()
  readonly #taking = new Map<string, Promise<void>>()
  readonly #wake = new Wake()
  readonly #sweep: DetachedSweep
  #wanted: Wanted[] = []
  #beating: Promise<void> | undefined
  #loop: Promise<void> | undefined
  #stopping = false
  #failures = 0
  #members: readonly Member[] = []
  /** When the next lease may be taken again, by the monotonic clock. */
  #retakeAt: number | undefined

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.#sweep = new DetachedSweep(parts.store, parts.options)
  }

  /** The runners of this process. */
  get runners(): readonly PartitionRunner[] {
    return [...this.#held.values()].map(({ runner }) => runner)
  }

  /** Ends after the first heartbeat, whether it succeeded or not. */
  async start(): Promise<void> {
    this.#loop ??= this.#run()
    await this.#beating
  }

  /** Beats at once. */
  nudge(): void {
    this.#wake.ring()
  }

  /** Ends this process's runners of a subscription, and waits for it. */
  async endRunners(entry: ConsumerEntry): Promise<void> {
    this.#wanted = this.#wanted.filter((wanted) => wanted.entry !== entry)
    await Promise.all(this.#taking.values())
    const held = [...this.#held.values()].filter((one) => one.entry === entry)
    for (const { runner } of held) runner.stop()
    await Promise.all(held.map(({ ended }) => ended))
  }

  /** Drops what is under way. The leases run out by themselves: a handler may still be at work. */
  cut(): void {
    for (const { runner } of this.#held.values()) runner.lose()
  }

  /** Gives all leases back and leaves the list of members. While runners finish what is under way, their leases are renewed. */
  async stop(drain: boolean): Promise<void> {
    this.#stopping = true
    this.#wanted = []
    await Promise.all(this.#taking.values())
    if (!drain) this.cut()
    for (const { runner } of this.#held.values()) runner.stop()
    while (this.#held.size > 0) await Promise.all([...this.#held.values()].map(({ ended }) => ended))
    this.#wake.ring()
    await this.#loop
    await this.#sweep.ended()
    try {
      await this.#parts.store.leave(this.#parts.memberId)
    } catch (error) {
      this.#parts.options.logger.warn(
        'This process could not be taken off the list of members; it is forgotten when its heartbeat runs out.',
        { error },
      )
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping || this.#held.size > 0) {
      this.#beating = this.#beat()
      await this.#beating
      if (this.#stopping && this.#held.size === 0) return
      await this.#wake.wait(this.#untilNext())
      // Rung at each turn of events: many of them are one heartbeat.
      if (!this.#stopping) await new Wake().wait(Math.min(restMs, this.#parts.options.heartbeatMs))
    }
  }

  #untilNext(): number {
    const { heartbeatMs } = this.#parts.options
    const retakeIn = this.#retakeAt === undefined ? heartbeatMs : this.#retakeAt - performance.now()
    if (retakeIn <= 0) this.#retakeAt = undefined
    return Math.min(heartbeatMs, Math.max(retakeIn, 0))
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    const { store, options } = this.#parts
    const held = [...this.#held]
    const sent = performance.now()
    try {
      const heartbeat = await store.heartbeat(
        this.#member(),
        held.map(([, { runner }]) => runner.lease),
        options.leaseMs,
      )
      await options.faults('lease-renewed', { leases: heartbeat.renewed.length })
      if (this.#failures > 0) options.logger.info('Heartbeats go through again.')
      this.#failures = 0
      this.#renew(held, heartbeat.renewed, sent)
      this.#members = heartbeat.members
      if (this.#stopping) return
      this.#observe(heartbeat)
      this.#share(heartbeat)
      this.#sweep.look(heartbeat.members)
      this.#sweep.bringBack(this.#detachedHere(heartbeat), () => this.nudge())
    } catch (error) {
      this.#failures++
      if (this.#failures === 1) options.logger.warn('A heartbeat failed; leases run out if none gets through.', { error })
    }
  }

  #member(): Member {
    const { entries, memberId, options } = this.#parts
    const runs = [...entries.values()].map(({ consumer: { spec }, standsBack }) => ({
      key: spec.key,
      fingerprint: spec.fingerprint,
      ...(standsBack && { standsBack }),
    }))
    return { id: memberId, label: options.label, runs: this.#stopping ? [] : runs }
  }

  #renew(held: readonly (readonly [string, Held])[], renewed: readonly Lease[], sent: number): void {
    const fences = new Map(renewed.map((lease) => [partitionId(lease.key, lease.partition), lease.fence]))
    for (const [id, { runner }] of held) {
      if (fences.get(id) === runner.lease.fence) runner.renewed(sent)
      else runner.lose()
    }
  }

  #observe({ partitions }: Heartbeat): void {
    for (const { key, partition, state, requested } of partitions) {
      const held = this.#held.get(partitionId(key, partition))
      held?.runner.observe(state)
      this.#parts.entries.get(keyText(key))?.consumer.observe?.(state)
      if (requested) held?.runner.replay()
    }
  }

  /** What another process called detached while this one was cut off, or left it to others. */
  #detachedHere({ partitions }: Heartbeat): readonly SubscriptionKey[] {
    const detached = partitions.filter(({ key, state, fingerprint }) => {
      const entry = this.#parts.entries.get(keyText(key))
      return state === 'detached' && entry?.consumer.spec.fingerprint === fingerprint && !entry.standsBack
    })
    return [...new Map(detached.map(({ key }) => [keyText(key), key])).values()]
  }

  #share(heartbeat: Heartbeat): void {
    const share = this.#shareOf(heartbeat)
    for (const id of share.release) this.#held.get(id)?.runner.stop()
    const now = performance.now()
    this.#wanted = heartbeat.partitions.flatMap(({ key, partition }) => {
      const id = partitionId(key, partition)
      const entry = this.#parts.entries.get(keyText(key))
      const mine = share.take.includes(id) && !this.#held.has(id) && !this.#taking.has(id)
      return mine && entry !== undefined && entry.memory(partition).retakeAt <= now ? [{ id, entry, partition }] : []
    })
    this.#takeNext()
  }

  #shareOf({ members, partitions }: Heartbeat): Share {
    return sharePartitions(
      this.#parts.memberId,
      members.map((member) => ({
        id: member.id,
        runs: new Set(runsOf(member).map(({ key, fingerprint }) => `${keyText(key)} ${fingerprint}`)),
      })),
      partitions
        .filter(({ key, state }) => runningStates.includes(state) && (state !== 'rebuilding' || this.#rebuilds(key)))
        .map(({ key, partition, owner, fingerprint }) => ({
          id: partitionId(key, partition),
          subscription: `${keyText(key)} ${fingerprint}`,
          owner: this.#isForgotten(partitionId(key, partition), owner) ? undefined : owner,
        })),
    )
  }

  /** What a rebuild works on, in place, is left to it: it would wait for this process in vain. */
  #rebuilds(key: SubscriptionKey): boolean {
    return this.#parts.entries.get(keyText(key))?.consumer.spec.initialState === 'rebuilding'
  }

  /** A lease of this process that it could not give back. */
  #isForgotten(id: string, owner: string | undefined): boolean {
    return owner === this.#parts.memberId && !this.#held.has(id) && !this.#taking.has(id)
  }

  /** Beside the heartbeat: a lease that is waited for must not cost the others theirs. */
  #takeNext(): void {
    while (this.#taking.size < takesAtOnce && !this.#stopping) {
      const wanted = this.#wanted.shift()
      if (wanted === undefined) return
      const taking = this.#take(wanted).finally(() => {
        this.#taking.delete(wanted.id)
        this.#takeNext()
      })
      this.#taking.set(wanted.id, taking)
    }
  }

  /** Never rejects. */
  async #take({ id, entry, partition }: Wanted): Promise<void> {
    const { store, options, memberId, entries, telemetry } = this.#parts
    const { key, fingerprint } = entry.consumer.spec
    const asked = performance.now()
    try {
      const taken = await store.take(key, partition, memberId, fingerprint, options.leaseMs)
      if (taken === undefined) return
      if (this.#stopping || entries.get(entry.id) !== entry || entry.standsBack) {
        await store.release([taken.lease])
        return
      }
      const runner = new PartitionRunner({ ...this.#parts, entry, lazyMs: () => this.#lazyMs() }, taken, asked)
      const ended = this.#runToEnd(id, entry, runner)
      this.#held.set(id, { entry, runner, ended })
      telemetry.tell((observer) => observer.lease?.({ key, partition, change: 'taken' }))
    } catch (error) {
      options.logger.warn(`Partition ${partition} of ${entry.id} could not be taken; this is tried again.`, { error })
    }
  }

  /** Never rejects. */
  async #runToEnd(id: string, entry: ConsumerEntry, runner: PartitionRunner): Promise<void> {
    const { options, telemetry } = this.#parts
    const { key, partition } = runner.lease
    // In the next turn: the caller notes the runner first.
    await Promise.resolve()
    let end: RunnerEnd
    try {
      await options.faults('lease-taken', { ...key, partition, fence: runner.lease.fence })
      end = await runner.run()
    } catch (error) {
      options.logger.warn(`${entry.id}/${partition} could not be started.`, { error })
      end = 'interrupted'
    }
    if (end === 'unknown-event') this.#standBack(entry)
    if (end === 'interrupted' && entry.interrupted(partition, options.outageMs) >= standBackAfter && this.#othersRun(entry))
      this.#standBack(entry)
    if (end !== 'lost') await this.#release(runner.lease)
    this.#held.delete(id)
    const change = end === 'lost' ? 'lost' : end === 'unknown-event' ? 'given-up' : 'released'
    telemetry.tell((observer) => observer.lease?.({ key, partition, change }))
    if (end === 'interrupted') this.#retakeAt = Math.min(this.#retakeAt ?? Number.POSITIVE_INFINITY, entry.memory(partition).retakeAt)
    // Not after a loss: there is nothing to take before the next heartbeat says so.
    if (end !== 'lost') this.#wake.ring()
  }

  /** Many partitions together do not store checkpoints more often than a few. */
  #lazyMs(): number {
    return this.#parts.options.lazyCheckpointMs * Math.max(1, this.#held.size / 16)
  }

  async #release(lease: Lease): Promise<void> {
    const { store, options } = this.#parts
    try {
      await store.release([lease])
      await options.faults('lease-released', { ...lease.key, partition: lease.partition })
    } catch (error) {
      options.logger.debug('A lease could not be given back; it runs out by itself.', { error })
    }
  }

  #othersRun({ consumer: { spec } }: ConsumerEntry): boolean {
    return this.#members.some(
      (member) =>
        member.id !== this.#parts.memberId &&
        runsOf(member).some(({ key, fingerprint }) => keyText(key) === keyText(spec.key) && fingerprint === spec.fingerprint),
    )
  }

  /** Lets every partition of the subscription go: other processes take them, if they can. */
  #standBack(entry: ConsumerEntry): void {
    entry.standBack(this.#parts.options.standBackMs)
    this.#wanted = this.#wanted.filter((wanted) => wanted.entry !== entry)
    for (const held of this.#held.values()) if (held.entry === entry) held.runner.stop()
  }
}

/** What it would run now. */
function runsOf({ runs }: Member): Member['runs'] {
  return runs.filter(({ standsBack = false }) => !standsBack)
}

function partitionId(key: SubscriptionKey, partition: number): string {
  return `${keyText(key)}/${partition}`
}
