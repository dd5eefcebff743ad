import type { AggregateModel } from '../aggregate/aggregate-model.ts'
import { toAggregateModel, type AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import type { CommandModel } from '../definition/command-model.ts'
import type { CommandSetLike } from '../definition/command-set.ts'
import type { EventModel } from '../definition/event-model.ts'
import { DefinitionError } from '../errors/domain.ts'
import { UnknownTypeError } from '../errors/input.ts'
import { idleAggregate } from '../process-managers/idle-check.ts'
import type { ProcessManagerDefinition } from '../process-managers/process-manager.ts'
import type { ProjectionDefinition } from '../read-models/projection-definition.ts'
import { withSchemaVersion } from '../subscriptions/unread-details.ts'
import { upcast } from '../upcasting/upcast.ts'
import type { Domain } from './define-domain.ts'
import { payloadJsonSchemas, type PayloadJsonSchemas } from './json-schemas.ts'
import { checkNaming, type NamingConvention } from './naming-convention.ts'
import { nearest } from './nearest.ts'
import { RegisteredProcessManagers } from './registered-process-managers.ts'
import { RegisteredProjections } from './registered-projections.ts'

export interface RegistryOptions {
  /** How types are spelled. Mixing is refused. @default 'domain.action' */
  readonly naming?: NamingConvention
}

interface Entry {
  readonly domain: string
  readonly definition: AggregateDefinition
  readonly model: AggregateModel
}

/** Everything the domains of an app define, by name. */
export class Registry {
  readonly naming: NamingConvention
  #domains = new Map<string, Domain>()
  #aggregates = new Map<string, Entry>()
  #commands = new Map<string, { readonly model: CommandModel; readonly aggregate: AggregateModel }>()
  #events = new Map<string, EventModel>()
  #projections = new RegisteredProjections()
  #processManagers = new RegisteredProcessManagers()

  /** @throws DefinitionError as `register` */
  constructor(domains: readonly Domain[] = [], options: RegistryOptions = {}) {
    this.naming = options.naming ?? 'domain.action'
    this.#register(domains)
  }

  /**
   * Adds domains, all or none of them. Their projections and process managers may read events of any domain, whatever the order.
   * @throws DefinitionError when a name is taken, an aggregate is not complete, a projection or process manager reads an unknown type, or a type
   * breaks the naming convention
   */
  register(...domains: readonly Domain[]): void {
    const next = new Registry([...this.domains, ...domains], { naming: this.naming })
    this.#domains = next.#domains
    this.#aggregates = next.#aggregates
    this.#commands = next.#commands
    this.#events = next.#events
    this.#projections = next.#projections
    this.#processManagers = next.#processManagers
  }

  #register(domains: readonly Domain[]): void {
    for (const domain of domains) this.#addAggregates(domain)
    if (domains.some(({ processManagers }) => processManagers.some(({ expiresAfterMs }) => expiresAfterMs !== undefined))) {
      const entry = { domain: 'cairn', definition: idleAggregate, model: toAggregateModel(idleAggregate) }
      const other = this.#aggregates.get(entry.model.aggregateType)
      if (other !== undefined) throw duplicate('cairn', idleAggregate, other)
      this.#add(entry)
    }
    const events = new Set(this.#events.keys())
    for (const { name, projections, processManagers } of domains) {
      for (const projection of projections) this.#projections.add(name, projection, events)
      for (const processManager of processManagers) this.#processManagers.add(name, processManager, events)
    }
  }

  #addAggregates(domain: Domain): void {
    if (this.#domains.has(domain.name)) throw new DefinitionError(`Domain "${domain.name}" is registered twice.`, { domain: domain.name })
    const entries: Entry[] = []
    for (const definition of domain.aggregates) {
      const aggregateType = definition.events.$aggregate
      const other = this.#aggregates.get(aggregateType) ?? entries.find((entry) => entry.model.aggregateType === aggregateType)
      if (other !== undefined) throw duplicate(domain.name, definition, other)
      entries.push({ domain: domain.name, definition, model: toAggregateModel(definition) })
    }
    checkNaming(
      this.naming,
      entries.flatMap(({ model }) => [...model.commandTypes.keys(), ...model.eventTypes.keys()]),
    )
    this.#domains.set(domain.name, domain)
    for (const entry of entries) this.#add(entry)
  }

  #add(entry: Entry): void {
    this.#aggregates.set(entry.model.aggregateType, entry)
    for (const model of entry.definition.events.$models.values()) this.#events.set(model.type, model)
    for (const model of commandsOf(entry.definition).$models.values()) this.#commands.set(model.type, { model, aggregate: entry.model })
  }

  get domains(): readonly Domain[] {
    return [...this.#domains.values()]
  }

  get aggregates(): readonly AggregateModel[] {
    return [...this.#aggregates.values()].map((entry) => entry.model)
  }

  get aggregateTypes(): readonly string[] {
    return [...this.#aggregates.keys()]
  }

  /** Full types: 'order.create'. */
  get commandTypes(): readonly string[] {
    return [...this.#commands.keys()]
  }

  /** Full types: 'order.created'. */
  get eventTypes(): readonly string[] {
    return [...this.#events.keys()]
  }

  get projections(): readonly ProjectionDefinition[] {
    return this.#projections.all
  }

  get projectionNames(): readonly string[] {
    return this.#projections.names
  }

  /** @throws UnknownProjectionError, naming the nearest known name */
  projection(name: string): ProjectionDefinition {
    return this.#projections.get(name)
  }

  get processManagers(): readonly ProcessManagerDefinition[] {
    return this.#processManagers.all
  }

  get processManagerNames(): readonly string[] {
    return this.#processManagers.names
  }

  /** @throws UnknownTypeError, naming the nearest known name */
  processManager(name: string): ProcessManagerDefinition {
    return this.#processManagers.get(name)
  }

  /** The domain that an aggregate type belongs to. @throws UnknownTypeError */
  domainOf(aggregateType: string): string {
    return this.#entry(aggregateType).domain
  }

  /** @throws UnknownTypeError, naming the nearest known type */
  aggregate(aggregateType: string): AggregateModel {
    return this.#entry(aggregateType).model
  }

  /** The aggregate that handles a command. @throws UnknownTypeError, naming the nearest known type */
  aggregateFor(commandType: string): AggregateModel {
    return this.#command(commandType).aggregate
  }

  /** @throws UnknownTypeError, naming the nearest known type */
  command(type: string): CommandModel {
    return this.#command(type).model
  }

  /** @throws UnknownTypeError, naming the nearest known type */
  event(type: string): EventModel {
    const model = this.#events.get(type)
    if (model === undefined) throw new UnknownTypeError('event', type, nearest(type, this.#events.keys()))
    return model
  }

  hasEvent(type: string): boolean {
    return this.#events.has(type)
  }

  /**
   * A recorded event with its payload lifted to the newest schema: what every reader of whole events is given. The same
   * object when it is the newest already, or when no domain defines its type (an event published without an aggregate).
   * @throws UpcastError
   */
  upcast(event: RecordedEvent): RecordedEvent {
    const model = this.#events.get(event.type)
    const version = event.metadata.schemaVersion
    if (model === undefined || version === model.schemaVersion) return event
    return {
      ...event,
      payload: upcast(model, version, event.payload),
      metadata: withSchemaVersion(event.metadata, model.schemaVersion),
    }
  }

  /** The payloads of all commands and events as JSON Schema. */
  jsonSchemas(): PayloadJsonSchemas {
    return payloadJsonSchemas(
      [...this.#commands.values()].map((entry) => entry.model),
      this.#events.values(),
    )
  }

  #entry(aggregateType: string): Entry {
    const entry = this.#aggregates.get(aggregateType)
    if (entry === undefined) throw new UnknownTypeError('aggregate', aggregateType, nearest(aggregateType, this.#aggregates.keys()))
    return entry
  }

  #command(type: string): { readonly model: CommandModel; readonly aggregate: AggregateModel } {
    const command = this.#commands.get(type)
    if (command === undefined) throw new UnknownTypeError('command', type, nearest(type, this.#commands.keys()))
    return command
  }
}

function commandsOf(definition: AggregateDefinition): CommandSetLike {
  return 'commands' in definition ? definition.commands : definition.handlers.commands
}

function duplicate(domain: string, definition: AggregateDefinition, other: Entry): DefinitionError {
  const aggregateType = definition.events.$aggregate
  const same = definition === other.definition
  return new DefinitionError(
    `Aggregate type "${aggregateType}" is defined twice: ${describe(other.definition)} in domain "${other.domain}" and ` +
      `${same ? 'again' : describe(definition)} in domain "${domain}". Each aggregate type has one definition.`,
    { aggregateType, domains: [other.domain, domain] },
  )
}

function describe(definition: AggregateDefinition): string {
  return typeof definition === 'function' ? `class ${definition.name}` : 'a decider'
}
