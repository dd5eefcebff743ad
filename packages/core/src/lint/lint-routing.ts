import type { Registry } from '../registry/registry.ts'
import type { DomainFinding } from './domain-finding.ts'

const tenantFields = ['tenantId', 'tenant_id']

/** Where commands and events go. */
export function lintRouting(registry: Registry): readonly DomainFinding[] {
  return [...emptyDomains(registry), ...tenantsInPayloads(registry), ...unreadEvents(registry)]
}

function emptyDomains({ domains }: Registry): readonly DomainFinding[] {
  return domains
    .filter(({ aggregates, projections, processManagers }) => aggregates.length + projections.length + processManagers.length === 0)
    .map(({ name }) => ({
      rule: 'empty-domain',
      severity: 'warning',
      subject: `domain ${name}`,
      message: `Domain ${name} has no aggregate, no projection and no process manager.`,
      remedy: 'Name its parts in defineDomain, or leave it out of the app.',
    }))
}

/** The tenant of a command is that of its metadata, which the gate guards; a second one in the payload is guarded by nobody. */
function tenantsInPayloads(registry: Registry): readonly DomainFinding[] {
  return registry.commandTypes.flatMap((type) => {
    const { fields } = registry.command(type).newest
    return tenantFields
      .filter((field) => fields.has(field))
      .map((field) => ({
        rule: 'tenant-in-payload',
        severity: 'warning',
        subject: `command ${type}`,
        message: `The payload of command ${type} has a field "${field}", which nothing compares with the tenant that the command belongs to.`,
        remedy: 'Leave it out: handlers and events have the tenant of the caller.',
      }))
  })
}

function unreadEvents({ eventTypes, projections, processManagers }: Registry): readonly DomainFinding[] {
  const read = new Set([...projections, ...processManagers].flatMap(({ types }) => types))
  return eventTypes
    .filter((type) => !read.has(type))
    .map((type) => ({
      rule: 'unread-event',
      severity: 'info',
      subject: `event ${type}`,
      message: `No projection and no process manager reads event ${type}.`,
      remedy: 'Nothing, where only its aggregate needs it, or a subscription reads it.',
    }))
}
