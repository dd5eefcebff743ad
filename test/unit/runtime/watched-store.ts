import type {
  AppendGroupRequest,
  AppendGroupResult,
  AppendRequest,
  AppendResult,
  CommandReceipt,
  EventStorePort,
  EventStoreTransaction,
  ExpectedVersion,
  LoadedStream,
  LoadOptions,
  LogPage,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StreamKey,
} from '@cairn/core'

type Call = 'append' | 'appendGroup' | 'load' | 'resultOf'

/** A store whose calls can be counted, held up, or made to fail. */
export class WatchedStore implements EventStorePort {
  readonly counts = { append: 0, appendGroup: 0, load: 0, resultOf: 0 }
  /** How many commands each append carried. */
  readonly groups: number[] = []
  /** Runs before each call; what it throws is thrown, what it waits for is waited for. */
  before: (call: Call) => void | Promise<void> = () => undefined
  readonly #inner: EventStorePort

  constructor(inner: EventStorePort) {
    this.#inner = inner
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    this.groups.push(1)
    await this.#enter('append')
    return this.#inner.append(request)
  }

  async appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    this.groups.push(request.parts.length)
    await this.#enter('appendGroup')
    return this.#inner.appendGroup(request)
  }

  async load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    await this.#enter('load')
    return this.#inner.load(stream, options)
  }

  async resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    await this.#enter('resultOf')
    return this.#inner.resultOf(tenantId, command)
  }

  readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return this.#inner.readStream(stream, options)
  }

  readAll(options?: ReadAllOptions): Promise<LogPage> {
    return this.#inner.readAll(options)
  }

  existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#inner.existsAll(streams)
  }

  existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#inner.existsOne(streams)
  }

  close(stream: StreamKey, expected?: ExpectedVersion): Promise<void> {
    return this.#inner.close(stream, expected)
  }

  transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T> {
    return this.#inner.transaction(tenantId, work)
  }

  async #enter(call: Call): Promise<void> {
    this.counts[call]++
    await this.before(call)
  }
}
