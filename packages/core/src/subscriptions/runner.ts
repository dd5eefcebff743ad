import { isNewer } from '../errors/is-newer.ts'
import { UnknownEventError } from '../errors/subscriptions.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import type { Lease, StoredFailure, TakenLease } from '../ports/subscription-store.port.ts'
import type { Feed } from './feed.ts'
import type { SelectedEvent, Selection, UnknownEvent } from './event-selector.ts'
import { Interruption } from './interruption.ts'
import { PageSource } from './page-source.ts'
import { PartitionState } from './partition-state.ts'
import { ParkedReplay } from './parked-replay.ts'
import { PartitionWork, type WorkParts } from './partition-work.ts'
import { portionOf, type Backlog } from './portion.ts'
import { outageDelay, retryDelay } from './retry-delay.ts'
import { BatchFailed, RunnerEnded, type RunnerEnd } from './runner-end.ts'
import { runningStates, type SubscriptionState } from './states.ts'
import { storedFailure } from './stored-failure.ts'
import { isLeaseLost, isTransient } from './transient.ts'
import { Wake } from './wake.ts'

export interface RunnerParts extends Omit<WorkParts, 'gone' | 'signal'> {
  readonly feed: Feed
}

/**
 * Runs one partition under one lease, from its checkpoint on, until it is told to stop, loses the lease, or fails. One runner,
 * one loop: everything that happens to the partition happens in its turn.
 */
export class PartitionRunner {
  readonly lease: Lease
  readonly #parts: RunnerParts
  readonly #taken: TakenLease
  readonly #gone = new Interruption()
  readonly #reading = new Interruption()
  readonly #abort = new AbortController()
  readonly #wake = new Wake()
  readonly #source: PageSource
  readonly #state: PartitionState
  #opened: PartitionWork | undefined
  #backlog: Backlog | undefined
  #stopAsked = false
  #replayAsked = false
  #replayed = false
  #renewedAt: number
  #outages = 0
  #outage: StoredFailure | undefined
  #outageOf: 'reading' | 'writing' | undefined
  #lastSeen: RecordedEvent | undefined

  /** @param renewedAt when the lease was asked for, by the monotonic clock */
  constructor(parts: RunnerParts, taken: TakenLease, renewedAt: number) {
    this.#parts = parts
    this.#taken = taken
    this.lease = taken.lease
    this.#renewedAt = renewedAt
    this.#replayAsked = taken.blockedKeys.length > 0
    const { entry, feed, options, store } = parts
    this.#state = new PartitionState({ store, lease: taken.lease, gone: this.#gone, logger: options.logger }, taken.state)
    this.#source = new PageSource(
      {
        feed,
        types: entry.selector.types,
        read: (after) => entry.read(after),
        maxQueued: 4 * options.pageSize,
        arrived: () => this.#wake.ring(),
      },
      taken.checkpoint,
    )
  }

  /** As it is shown: an outage looks like a retry. */
  get state(): SubscriptionState {
    return this.#outage === undefined ? this.#state.current : 'retrying'
  }

  /** Why it does not get on, if it does not. */
  get failure(): StoredFailure | undefined {
    return this.#outage ?? this.#parts.entry.memory(this.lease.partition).trouble?.failure
  }

  get position(): number {
    return this.#opened?.position ?? this.#taken.checkpoint
  }

  /** Never rejects. */
  async run(): Promise<RunnerEnd> {
    try {
      await this.#open()
      while (!this.#stopAsked) await this.#step()
      await this.#finish()
      return 'stopped'
    } catch (error) {
      return this.#endOf(error)
    } finally {
      this.#abort.abort()
      this.#source.close()
      this.#parts.progress.delete(this.#parts.entry.id, this.lease.partition)
    }
  }

  /** Ends after the batch that is under way, with a commit. */
  stop(): void {
    this.#stopAsked = true
    this.#wake.ring()
    this.#reading.interrupt(new RunnerEnded('stopped'))
  }

  /** Ends at once; what is not committed is dropped. */
  lose(): void {
    const ended = new RunnerEnded('lost')
    this.#abort.abort(ended)
    this.#gone.interrupt(ended)
    this.#reading.interrupt(ended)
    this.#wake.ring()
  }

  /** The lease was renewed by a heartbeat that was sent at this time, by the monotonic clock. */
  renewed(at: number): void {
    this.#renewedAt = at
    this.#wake.ring()
  }

  /** Parked events wait for something that an operator asked for. */
  replay(): void {
    if (this.#replayAsked) return
    this.#replayAsked = true
    this.#wake.ring()
  }

  /** What a heartbeat saw: others pause it, or end its rebuild. */
  observe(state: SubscriptionState): void {
    if (!runningStates.includes(state)) return this.stop()
    if (this.#opened !== undefined && this.#state.see(state)) this.#wake.ring()
  }

  async #open(): Promise<void> {
    const parts = { ...this.#parts, gone: this.#gone, signal: this.#abort.signal }
    this.#opened = await this.#gone.until(PartitionWork.open(parts, this.#taken))
    const memory = this.#parts.entry.memory(this.lease.partition)
    if (memory.trouble !== undefined && memory.trouble.position <= this.#taken.checkpoint) memory.trouble = undefined
    if (memory.careful !== undefined && memory.careful.until <= this.#taken.checkpoint) memory.careful = undefined
    this.#work.moveTo(this.#taken.checkpoint)
  }

  get #work(): PartitionWork {
    if (this.#opened === undefined) throw new RunnerEnded('interrupted', new Error('The runner is not open.'))
    return this.#opened
  }

  get #memory() {
    return this.#parts.entry.memory(this.lease.partition)
  }

  async #step(): Promise<void> {
    try {
      if (this.#abort.signal.aborted) throw new RunnerEnded('lost')
      if (this.#leaseIsOld) {
        await this.#wake.wait(this.#parts.options.heartbeatMs)
      } else if (this.#replayAsked && !this.#replayed) {
        this.#replayed = true
        await this.#replay()
      } else {
        this.#replayed = false
        if (this.#backlog === undefined) await this.#nextPage()
        else await this.#workOff(this.#backlog)
      }
    } catch (error) {
      await this.#recover(error)
    }
  }

  /** By its own clock the lease may be somebody else's: it begins nothing before a heartbeat says that it is not. */
  get #leaseIsOld(): boolean {
    return performance.now() - this.#renewedAt > this.#parts.options.leaseMs
  }

  async #nextPage(): Promise<void> {
    const work = this.#work
    const page = await this.#reading.until(this.#source.next())
    this.#recovered('reading')
    if (page === undefined) {
      if (work.due(true, true)) await work.flush()
      await this.#settleState()
      if (this.#replayAsked) return
      await this.#wake.wait(this.#source.attached ? work.lazyIn : Math.min(work.lazyIn ?? aheadOfHorizonMs, aheadOfHorizonMs))
      return
    }
    const { events, unknown } = this.#select(page.events)
    this.#lastSeen = page.events.at(-1) ?? this.#lastSeen
    this.#backlog = { events, next: page.next, unknown, index: 0 }
    await work.fault('batch-read', { events: events.length, next: page.next })
    await this.#workOff(this.#backlog)
    this.#tellLag(page.horizon)
  }

  #select(events: readonly RecordedEvent[]): Selection {
    const { selector } = this.#parts.entry
    const selection = selector.select(events, this.lease.partition)
    const { position } = this.#work
    if (selection.unknown === undefined || selection.unknown.event.position > position) return selection
    // A page that is shared may begin before: newer code has handled that event, and this process goes on behind it.
    return selector.select(
      events.filter((event) => event.position > position),
      this.lease.partition,
    )
  }

  /** One batch of the page. */
  async #workOff(backlog: Backlog): Promise<void> {
    const work = this.#work
    const { events, waiting, upTo, index, alone } = portionOf(backlog, work, this.#memory, this.#parts.entry.consumer.failure.maxWaiting)
    if (alone !== undefined) return this.#handleAlone(alone)
    if (events.length > 0) await this.#handle(events, waiting)
    for (const one of waiting) work.setAside(one, 'waiting')
    work.moveTo(upTo)
    backlog.index = index
    const exhausted = backlog.index >= backlog.events.length
    if (exhausted && backlog.unknown !== undefined) return this.#giveUp(backlog.unknown)
    if (exhausted) this.#backlog = undefined
    await this.#flushIfDue(exhausted && this.#source.drained)
    if (!work.dirty) this.#recovered('writing')
    if (exhausted) await this.#settleState()
  }

  async #handle(events: readonly SelectedEvent[], waiting: readonly SelectedEvent[]): Promise<void> {
    const work = this.#work
    try {
      await work.handle(events, { attempt: 1, rebuilding: this.#state.rebuilding, live: this.#state.current === 'live' })
    } catch (error) {
      if (error instanceof BatchFailed && error.othersKept && error.culprit !== undefined) {
        const { position } = error.culprit
        for (const one of waiting) if (one.event.position < position) work.setAside(one, 'waiting')
        work.moveTo(position - 1)
      }
      throw error
    }
  }

  async #flushIfDue(idle: boolean): Promise<void> {
    const work = this.#work
    const { careful } = this.#memory
    if (work.due(idle, this.#source.attached) || (careful !== undefined && work.dirty && work.uncommitted >= careful.size))
      await work.flush()
    if (careful !== undefined && work.committed >= careful.until) this.#memory.careful = undefined
  }

  /** An event that failed, cannot be lifted, or finds no room among those that wait. What was handled before is stored first. */
  async #handleAlone(one: SelectedEvent): Promise<void> {
    const work = this.#work
    if (work.dirty) return this.#flushIfDue(true)
    if (work.isBlocked(one.key)) return this.#fail(this.#tooManyWaiting(one))
    const { trouble } = this.#memory
    if (trouble?.position !== one.event.position) {
      // What cannot be lifted now cannot be lifted a moment later: that needs other code.
      return this.#noteFailure(one.event, one.refusal?.error, true)
    }
    if (this.#state.rebuilding || trouble.exhausted) return this.#exhausted(one, trouble.failure)
    const wait = trouble.dueAt - performance.now()
    if (wait > 0) return this.#wake.wait(wait)
    await work.handle([one], { attempt: trouble.attempts + 1, rebuilding: this.#state.rebuilding, live: false })
    work.moveTo(one.event.position)
    await work.flush()
    this.#memory.trouble = undefined
    this.#log('info', `Event ${one.event.id} was handled at try ${trouble.attempts + 1}.`, {
      position: one.event.position,
      eventId: one.event.id,
    })
  }

  async #exhausted(one: SelectedEvent, failure: StoredFailure): Promise<void> {
    const work = this.#work
    const { failure: policy } = this.#parts.entry.consumer
    if (this.#state.rebuilding || policy.onExhausted === 'stop') return this.#fail(failure)
    if (work.held >= policy.maxWaiting) return this.#fail(this.#tooManyWaiting(one))
    const { key, partition } = this.lease
    work.setAside(one, 'parked', failure)
    work.moveTo(one.event.position)
    await work.flush()
    this.#memory.trouble = undefined
    this.#parts.telemetry.failed(key, partition, 'parked', failure)
    this.#log(
      'error',
      `Event ${one.event.id} failed ${failure.attempts === 1 ? 'once' : `${failure.attempts} times`} and was parked: ${failure.message}`,
      {
        position: one.event.position,
        eventId: one.event.id,
        tenantId: one.event.tenantId,
        eventType: one.event.type,
        parkingKey: one.key,
      },
    )
    await work.fault('event-parked', { position: one.event.position })
  }

  /** Ends the partition until somebody resumes it. */
  async #fail(failure: StoredFailure): Promise<void> {
    if (this.#work.dirty || this.#work.position > this.#work.committed) await this.#work.flush()
    await this.#state.fail(failure)
    this.#memory.trouble = undefined
    this.#memory.careful = undefined
    this.#parts.entry.consumer.observe?.('failed', failure)
    this.#parts.telemetry.failed(this.lease.key, this.lease.partition, 'stopped', failure)
    this.#log('error', `The partition stopped at event ${failure.eventId ?? ''}: ${failure.message}`, {
      position: failure.position,
      eventId: failure.eventId,
    })
    throw new RunnerEnded('failed')
  }

  async #giveUp({ event, cause }: UnknownEvent): Promise<void> {
    if (this.#work.dirty || this.#work.position > this.#work.committed) await this.#work.flush()
    const error = new UnknownEventError(this.#parts.entry.id, event.type, event.id, event.position, cause)
    const failure = storedFailure(error, { event, attempts: 1, at: this.#parts.options.clock.now() })
    if (this.#state.rebuilding) return this.#fail(failure)
    // A state that runs: a process with newer code takes the partition at once.
    await this.#state.mark('retrying', failure)
    this.#parts.telemetry.failed(this.lease.key, this.lease.partition, 'retried', failure)
    this.#log('error', error.message, { position: event.position, eventId: event.id, eventType: event.type })
    throw new RunnerEnded('unknown-event', error)
  }

  async #replay(): Promise<void> {
    const work = this.#work
    // A checkpoint past events of others too: a retry that fails takes back what is not stored, and nothing would move it forward again.
    await work.flush()
    const { options, store, entry, telemetry } = this.#parts
    const replay = new ParkedReplay({
      options,
      store,
      entry,
      telemetry,
      work,
      partition: this.lease.partition,
      ending: () => this.#stopAsked || this.#leaseIsOld,
    })
    const more = await replay.turn()
    if (!more) this.#replayAsked = false
  }

  /** Back to where the last commit was, unless that is the end. */
  async #recover(error: unknown): Promise<void> {
    // A read that was cut short, because the runner is to stop.
    if (error instanceof RunnerEnded && error.end === 'stopped') return
    if (error instanceof RunnerEnded) throw error
    if (isLeaseLost(error)) throw new RunnerEnded('lost', error)
    if (!(error instanceof BatchFailed)) return this.#waitOutOutage(error, 'reading')
    if (isLeaseLost(error.cause)) throw new RunnerEnded('lost', error)
    if (isTransient(error.cause)) {
      this.#rewind()
      return this.#waitOutOutage(error.cause, 'writing')
    }
    if (error.culprit === undefined) {
      this.#memory.careful = { until: error.last, size: Math.max(1, Math.floor(error.count / 2)) }
      this.#log('warn', `One of ${error.count} events failed; it is looked for in smaller batches: ${error.message}`, {
        error: error.cause,
      })
      return this.#rewind()
    }
    if (!error.othersKept) this.#rewind()
    if (isNewer(error.cause) && !this.#state.rebuilding && this.#metLately(error.culprit))
      return this.#giveUp({ event: error.culprit, cause: error.cause })
    await this.#noteFailure(error.culprit, error.cause)
  }

  /** True for so long as an event whose handling met what newer code has stored, in another stream say, is left to newer code. */
  #metLately({ position }: RecordedEvent): boolean {
    const now = performance.now()
    if (this.#memory.newer?.position !== position) this.#memory.newer = { position, since: now }
    return now - this.#memory.newer.since < this.#parts.options.newerGraceMs
  }

  #rewind(): void {
    this.#work.reset()
    this.#source.seek(this.#work.committed)
    this.#backlog = undefined
  }

  /** @param inVain another try would fail as this one did */
  async #noteFailure(event: RecordedEvent, error: unknown, inVain = false): Promise<void> {
    const { trouble } = this.#memory
    const { retry } = this.#parts.entry.consumer.failure
    const attempts = (trouble?.position === event.position ? trouble.attempts : 0) + 1
    const failure = storedFailure(error, { event, attempts, at: this.#parts.options.clock.now() })
    const exhausted = inVain || attempts >= retry.attempts
    const delay = exhausted ? 0 : retryDelay(retry, attempts)
    this.#memory.trouble = { position: event.position, attempts, exhausted, failure, dueAt: performance.now() + delay }
    if (this.#state.rebuilding || exhausted) return
    this.#parts.telemetry.failed(this.lease.key, this.lease.partition, 'retried', failure)
    this.#log(
      'warn',
      `Event ${event.id} failed at try ${attempts} of ${retry.attempts}; the next comes in ${Math.round(delay)} ms: ${failure.message}`,
      {
        position: event.position,
        eventId: event.id,
        tenantId: event.tenantId,
        eventType: event.type,
        error,
      },
    )
    await this.#state.mark('retrying', failure)
  }

  /** The store or the log is away: that says nothing about any event, and ends when it ends. */
  async #waitOutOutage(error: unknown, what: 'reading' | 'writing'): Promise<void> {
    this.#outages++
    this.#outageOf = what
    const failure = storedFailure(error, { attempts: this.#outages, at: this.#parts.options.clock.now() })
    if (this.#outage === undefined) this.#log('warn', `The partition waits for the database: ${failure.message}`, { error })
    this.#outage = failure
    this.#parts.telemetry.failed(this.lease.key, this.lease.partition, 'outage', failure)
    const end = performance.now() + outageDelay(this.#parts.options.outageMs, this.#outages)
    for (let left = end - performance.now(); left > 0 && !this.#stopAsked && !this.#abort.signal.aborted; left = end - performance.now()) {
      await this.#wake.wait(left)
    }
  }

  #recovered(what: 'reading' | 'writing'): void {
    if (this.#outageOf !== what) return
    this.#outage = undefined
    this.#outageOf = undefined
    this.#outages = 0
    this.#log('info', 'The partition goes on.')
  }

  /** live at the head, catching up behind it; a rebuild stays one until it is switched to. */
  async #settleState(): Promise<void> {
    const { trouble } = this.#memory
    if (trouble !== undefined && trouble.position <= this.#work.position) this.#memory.trouble = undefined
    if (this.#state.rebuilding || this.#memory.trouble !== undefined) return
    if (this.#source.attached && this.#source.drained && !this.#work.dirty) await this.#state.mark('live')
    else if (!this.#source.attached && !this.#source.drained) await this.#state.mark('catching-up')
  }

  #tooManyWaiting({ event }: SelectedEvent): StoredFailure {
    const { maxWaiting } = this.#parts.entry.consumer.failure
    const error = new Error(
      `${maxWaiting} events are parked or wait behind parked ones, the most that are allowed. Retry or discard them, then resume.`,
    )
    error.name = 'TooManyWaiting'
    return storedFailure(error, { event, attempts: 1, at: this.#parts.options.clock.now() })
  }

  /** The last commit, when it is told to stop. */
  async #finish(): Promise<void> {
    try {
      await this.#work.flush()
    } catch (error) {
      if (error instanceof RunnerEnded) throw error
      this.#log('warn', 'What was handled last could not be stored; it will be handled again.', { error })
    }
  }

  #endOf(error: unknown): RunnerEnd {
    const end = error instanceof RunnerEnded ? error.end : isLeaseLost(error) ? 'lost' : 'interrupted'
    if (end === 'lost') this.#log('warn', 'The partition was lost to another process; what was not committed is dropped.')
    if (end === 'interrupted') {
      this.#log('warn', 'The partition was interrupted; its lease is taken anew.', {
        error: error instanceof RunnerEnded ? error.cause : error,
      })
    }
    return end
  }

  #tellLag(horizon: number): void {
    const { options, telemetry } = this.#parts
    const { key, partition } = this.lease
    const behind = this.#backlog !== undefined || !this.#source.drained
    const since = behind ? this.#lastSeen?.recordedAt : undefined
    const seconds = since === undefined ? 0 : Math.max(0, options.clock.now().getTime() - since.getTime()) / 1_000
    telemetry.tell((observer) => observer.lag?.({ key, partition, positions: Math.max(0, horizon - this.position), seconds }))
  }

  #log(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { key, partition } = this.lease
    this.#parts.options.logger[level](`${this.#parts.entry.id}/${partition}: ${message}`, {
      subscription: key.name,
      generation: key.generation,
      partition,
      ...fields,
    })
  }
}

/** How soon it is looked again where the head of the log is behind what was read already. */
const aheadOfHorizonMs = 20
