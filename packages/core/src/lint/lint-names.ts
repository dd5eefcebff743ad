import { processManagerSubscription } from '../process-managers/process-manager-consumer.ts'
import type { Registry } from '../registry/registry.ts'
import type { DomainFinding } from './domain-finding.ts'

/** How types are spelled is checked when an app starts; here is what is left. */
export function lintNames(registry: Registry): readonly DomainFinding[] {
  return [...sharedNames(registry), ...takenSubscriptions(registry), ...mixedFields(registry)]
}

function sharedNames({ commandTypes, eventTypes }: Registry): readonly DomainFinding[] {
  const events = new Set(eventTypes)
  return commandTypes
    .filter((type) => events.has(type))
    .map((type) => ({
      rule: 'shared-name',
      severity: 'warning',
      subject: `command ${type}`,
      message: `${type} is both a command and an event: logs, policies and patterns do not tell the two apart.`,
      remedy: 'Name the event after what has happened, in the past tense.',
    }))
}

/** Both would be stored under one name, and the second to start is refused for a changed definition. */
function takenSubscriptions({ projectionNames, processManagerNames }: Registry): readonly DomainFinding[] {
  const projections = new Set(projectionNames)
  return processManagerNames
    .filter((name) => projections.has(processManagerSubscription(name)))
    .map((name) => ({
      rule: 'subscription-name-taken',
      severity: 'warning',
      subject: `projection ${processManagerSubscription(name)}`,
      message: `Projection ${processManagerSubscription(name)} has the name under which process manager ${name} keeps its checkpoint.`,
      remedy: 'Rename one of the two.',
    }))
}

/** Fields at the top of payloads: the style that fewer of them have is the stray one. Words without a seam are of both. */
function mixedFields(registry: Registry): readonly DomainFinding[] {
  const fields = [
    ...registry.commandTypes.flatMap((type) => [...registry.command(type).newest.fields].map((field) => ({ type, field }))),
    ...registry.eventTypes.flatMap((type) => [...registry.event(type).newest.fields].map((field) => ({ type, field }))),
  ]
  const camel = fields.filter(({ field }) => /^[a-z][a-z0-9]*[A-Z]/.test(field))
  const snake = fields.filter(({ field }) => /^[a-z][a-z0-9]*_/.test(field))
  if (camel.length === 0 || snake.length === 0) return []
  const [strays, style] = snake.length <= camel.length ? [snake, 'camelCase'] : [camel, 'snake_case']
  const places = Map.groupBy(strays, ({ field }) => field)
  return [...places].map(([field, uses]) => ({
    rule: 'mixed-field-names',
    severity: 'warning',
    subject: `field ${field}`,
    message: `Field "${field}" of ${[...new Set(uses.map(({ type }) => type))].join(', ')} is not in ${style}, as most fields of this app are.`,
    remedy: 'Rename it, in a new version of the payload where events of it are stored.',
  }))
}
