import type { RecordedEvent } from '../contracts/event.ts'
import type { ProcessInstance } from '../process-managers/instance.ts'
import type { ProcessManagerDefinition } from '../process-managers/process-manager.ts'
import { idleChecked, idleCheckedType } from '../process-managers/idle-check.ts'
import { step } from '../process-managers/step.ts'
import { nearest } from '../registry/nearest.ts'
import type { Registry } from '../registry/registry.ts'
import type { DomainFinding } from './domain-finding.ts'
import { sampleEvents } from './sample-events.ts'

/** Steps that one process manager is tried with: enough for every state of all but the largest, and soon done. */
const maxSteps = 2_000

/** What process managers do with events made from the schemas. They are pure: trying them changes nothing. */
export function lintProcessManagers(registry: Registry): readonly DomainFinding[] {
  return registry.processManagers.flatMap((definition) => {
    const events = definition.types.flatMap((type) => {
      const samples = sampleEvents(registry.event(type))
      return type === idleCheckedType ? samples.map((sample) => expiryOf(definition, sample)) : samples
    })
    return [...uncorrelated(definition, events), ...unknownCommands(registry, definition, events)]
  })
}

/** Comes when the time of any instance is over. */
function expiryOf({ name }: ProcessManagerDefinition, sample: RecordedEvent): RecordedEvent {
  return { ...sample, ...idleChecked(name, 'example'), recordedAt: new Date('2126-01-01T00:00:00Z') }
}

/**
 * Event types of which no example belongs to an instance: as a rule the key is read from a field that the event does not have. A
 * function that fails over the examples says nothing: they are made from the schema, and the domain may ask for more.
 */
function uncorrelated(definition: ProcessManagerDefinition, events: readonly RecordedEvent[]): readonly DomainFinding[] {
  return definition.types
    .filter((type) => {
      const keys = events.filter((event) => event.type === type).flatMap((event) => keyOf(definition, event))
      return keys.length > 0 && keys.every((key) => typeof key !== 'string' || key === '')
    })
    .map((type) => ({
      rule: 'never-correlates',
      severity: 'warning',
      subject: `process manager ${definition.name}`,
      message: `Process manager ${definition.name} finds no instance for any example of ${type}, so it ignores the event.`,
      remedy: 'Correlate by a field that the event has, or do not name the event.',
    }))
}

/** In a list, empty where the function failed. */
function keyOf(definition: ProcessManagerDefinition, event: RecordedEvent): readonly unknown[] {
  try {
    return [definition.correlate(event)]
  } catch {
    return []
  }
}

function unknownCommands(
  { commandTypes }: Registry,
  definition: ProcessManagerDefinition,
  events: readonly RecordedEvent[],
): readonly DomainFinding[] {
  const known = new Set(commandTypes)
  return [...commandsSent(definition, events)]
    .filter((type) => !known.has(type))
    .toSorted()
    .map((type) => {
      const near = nearest(type, known)
      return {
        rule: 'unknown-command-sent',
        severity: 'warning',
        subject: `process manager ${definition.name}`,
        message: `Process manager ${definition.name} sends ${type}, which no domain of this app handles.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
        remedy: 'Add the domain of its aggregate to the app.',
      }
    })
}

/** Commands that come out of any order of the events, until no new state is reached. */
function commandsSent(definition: ProcessManagerDefinition, events: readonly RecordedEvent[]): ReadonlySet<string> {
  const sent = new Set<string>()
  const seen = new Set<string>()
  const open: (ProcessInstance | undefined)[] = [undefined]
  let steps = 0
  for (let i = 0; i < open.length; i++) {
    const before = open[i]
    for (const event of events) {
      if (++steps > maxSteps) return sent
      const result = tryStep(definition, before, { ...event, position: (before?.position ?? 0) + 1 })
      if (result === undefined) continue
      for (const { command } of result.send) sent.add(command.type)
      // Timers only say which commands can still be ended, and how often an event came says nothing.
      const state = JSON.stringify([result.instance.status, result.instance.state])
      if (seen.has(state)) continue
      seen.add(state)
      open.push(result.instance)
    }
  }
  return sent
}

/** Undefined where the example does not fit: its values are made up. */
function tryStep(definition: ProcessManagerDefinition, before: ProcessInstance | undefined, event: RecordedEvent) {
  try {
    return step(definition, before, event)
  } catch {
    return undefined
  }
}
