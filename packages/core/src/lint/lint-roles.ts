import { typeMatcher } from '../patterns/type-pattern.ts'
import { ownRolePrefix } from '../policies/own-roles.ts'
import type { Policies } from '../policies/policies.ts'
import { idleCheckType } from '../process-managers/idle-check.ts'
import { nearest } from '../registry/nearest.ts'
import type { Registry } from '../registry/registry.ts'
import type { DomainFinding } from './domain-finding.ts'

/** Who may send what, and who may read what. */
export function lintRoles(registry: Registry, policies: Policies): readonly DomainFinding[] {
  return [
    ...policyPatterns(registry, policies),
    ...deniedCommands(registry, policies),
    ...policyRoles(policies),
    ...readerRoles(registry, policies),
    ...unusedConditions(policies),
  ]
}

function policyPatterns({ commandTypes }: Registry, { rules }: Policies): readonly DomainFinding[] {
  return unique(rules.map(({ pattern }) => pattern))
    .filter((pattern) => !commandTypes.some(typeMatcher(pattern)))
    .map((pattern) => {
      const near = pattern.endsWith('.*')
        ? nearest(pattern, unique(commandTypes.map((type) => `${type.slice(0, type.lastIndexOf('.'))}.*`)))
        : nearest(pattern, commandTypes)
      return {
        rule: 'policy-without-command',
        severity: 'warning',
        subject: `policy ${pattern}`,
        message: `The policy "${pattern}" is of no command of this app.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
        remedy: 'Correct the pattern, or remove the policy.',
      }
    })
}

/** From the first policy on, what none allows is denied to everybody: commands of process managers and timers, too. */
function deniedCommands({ commandTypes }: Registry, policies: Policies): readonly DomainFinding[] {
  if (policies.empty) return []
  const matchers = policies.rules.map(({ pattern }) => typeMatcher(pattern))
  return (
    commandTypes
      // Timers of Cairn's own are asked for no policy.
      .filter((type) => type !== idleCheckType && !matchers.some((matches) => matches(type)))
      .map((type) => ({
        rule: 'command-without-policy',
        severity: 'warning',
        subject: `command ${type}`,
        message: `No policy is of command ${type}, so nobody may send it: no caller, no process manager, no timer.`,
        remedy: `Allow it to somebody: policies.allow('${type}', { roles: […] }).`,
      }))
  )
}

function policyRoles({ rules }: Policies): readonly DomainFinding[] {
  const nobody = unique(rules.filter(({ roles }) => roles?.length === 0).map(({ pattern }) => pattern))
  const wildcards = unique(rules.filter(({ roles }) => roles?.includes('*') === true).map(({ pattern }) => pattern))
  const reserved = rules.flatMap(({ pattern, roles = [] }) =>
    roles.filter((role) => isReserved(role)).map((role) => reservedRole(`policy ${pattern}`, `The policy "${pattern}"`, role)),
  )
  return [
    ...nobody.map((pattern): DomainFinding => ({
      rule: 'policy-for-nobody',
      severity: 'warning',
      subject: `policy ${pattern}`,
      message: `The policy "${pattern}" names an empty list of roles and so allows nobody anything.`,
      remedy: 'Name a role, or leave roles out to allow every caller.',
    })),
    ...wildcards.map((pattern): DomainFinding => ({
      rule: 'wildcard-role',
      severity: 'warning',
      subject: `policy ${pattern}`,
      message: `The policy "${pattern}" names the role "*", which in a policy is a role like any other, and nobody has it.`,
      remedy: 'Leave roles out to allow every caller.',
    })),
    ...reserved,
  ]
}

/** Roles of read access: none that nobody can come with, and none that is a slip of the pen. */
function readerRoles({ projections }: Registry, { rules }: Policies): readonly DomainFinding[] {
  const senders = unique(rules.flatMap(({ roles = [] }) => roles)).filter((role) => role !== '*')
  const places = new Map<string, string[]>()
  for (const { tables } of projections) {
    for (const { name, readAccess } of tables.values()) {
      for (const role of Object.keys(readAccess ?? {})) if (role !== '*') places.set(role, [...(places.get(role) ?? []), name])
    }
  }
  const findings: DomainFinding[] = []
  for (const [role, tables] of places) {
    const where = `The read access of ${tables.join(', ')}`
    if (isReserved(role)) findings.push(reservedRole(`role ${role}`, where, role))
    else if (senders.length > 0 && !senders.includes(role)) {
      const near = nearest(role, senders)
      findings.push({
        rule: 'unknown-role',
        // Somebody who reads and sends nothing is no mistake.
        severity: near === undefined ? 'info' : 'warning',
        subject: `role ${role}`,
        message: `${where} names the role "${role}", which no policy names.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
        remedy: near === undefined ? 'Nothing, where such callers only read.' : 'Correct it there or in the policies.',
      })
    }
  }
  return findings
}

function unusedConditions({ rules, conditionNames }: Policies): readonly DomainFinding[] {
  const used = new Set(rules.flatMap(({ conditions }) => conditions))
  return conditionNames
    .filter((name) => !used.has(name))
    .map((name) => ({
      rule: 'unused-condition',
      severity: 'info',
      subject: `condition ${name}`,
      message: `No policy uses the condition "${name}".`,
      remedy: 'Nothing, where evaluateCondition asks for it; else remove it.',
    }))
}

function isReserved(role: string): boolean {
  return role === '' || role.startsWith(ownRolePrefix)
}

function reservedRole(subject: string, where: string, role: string): DomainFinding {
  return {
    rule: 'reserved-role',
    severity: 'warning',
    subject,
    message: `${where} names the role "${role}", which no caller can come with: ${role === '' ? 'it has no name' : `roles that begin with "${ownRolePrefix}" are Cairn's own`}.`,
    remedy: 'Choose another name for the role.',
  }
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)]
}
