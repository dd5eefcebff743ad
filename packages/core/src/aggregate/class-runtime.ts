import { DefinitionError } from '../errors/domain.ts'
import type { AggregateClass } from './aggregate-class.ts'
import type { AggregateBehaviour } from './aggregate-context.ts'
import { commandTable, type CommandTable } from './command-table.ts'
import { eventFolder, type EventFolder } from './event-folder.ts'
import { freezePayload } from './freeze-payload.ts'
import { refusePromise } from './refuse-promise.ts'

/** An aggregate class, compiled once. */
export interface ClassRuntime {
  readonly folder: EventFolder
  readonly commands: CommandTable
  readonly behaviour: AggregateBehaviour<unknown>
  /** Runs the handler of that short name on an instance. */
  run(instance: object, name: string, payload: unknown): void
}

const compiled = new WeakMap<AggregateClass, ClassRuntime>()

/** @throws DefinitionError when the class has no handlers or folds, or those of another class */
export function classRuntime(aggregate: AggregateClass): ClassRuntime {
  const known = compiled.get(aggregate)
  if (known !== undefined) return known
  checkStatics(aggregate)
  const aggregateType = aggregate.events.$aggregate
  const folder = eventFolder(aggregate.events, aggregate.evolve)
  const commands = commandTable(aggregate.handlers.commands)
  const run = (instance: object, name: string, payload: unknown): void => {
    refusePromise(aggregateType, name, aggregate.handlers.get(name)?.(instance as never, payload))
  }
  const behaviour: AggregateBehaviour<unknown> = {
    makeEvent: (name, payload) => folder.make(name, payload),
    fold: (state, event) => folder.fold(state, event),
    handle(instance, command) {
      const model = commands.find(command.type)
      run(instance, model.name, model.newest.toDomain(model.what, freezePayload(model.newest.acceptJson(model.what, command.payload))))
    },
  }
  const runtime = { folder, commands, behaviour, run }
  compiled.set(aggregate, runtime)
  return runtime
}

function checkStatics(aggregate: AggregateClass): void {
  checkTable(aggregate, 'handlers', aggregate.handlers, 'static readonly handlers = this.handle(commands, { … })')
  checkTable(aggregate, 'evolve', aggregate.evolve, 'static readonly evolve = this.fold({ … })')
}

function checkTable(aggregate: AggregateClass, field: string, table: { readonly owner: object } | undefined, remedy: string): void {
  const aggregateType = aggregate.events.$aggregate
  const called = `${aggregate.name} (aggregate ${aggregateType})`
  if (table === undefined) throw new DefinitionError(`Class ${called} has no ${field}. Add: ${remedy}.`, { aggregateType })
  if (table.owner === aggregate || Object.prototype.isPrototypeOf.call(table.owner, aggregate)) return
  throw new DefinitionError(`Class ${called} has the ${field} of another class. Write its own: ${remedy}.`, { aggregateType })
}
