import type { Policies } from '../policies/policies.ts'
import type { Domain } from '../registry/define-domain.ts'
import type { NamingConvention } from '../registry/naming-convention.ts'
import { Registry } from '../registry/registry.ts'
import type { DomainFinding } from './domain-finding.ts'
import { lintNames } from './lint-names.ts'
import { lintProcessManagers } from './lint-process-managers.ts'
import { lintRoles } from './lint-roles.ts'
import { lintRouting } from './lint-routing.ts'

export interface LintDomainsOptions {
  /** How types are spelled, as for `createCairn`. @default 'domain.action' */
  readonly naming?: NamingConvention | undefined
  /** Who may send which command, as for `createCairn`; without them nothing is said of roles. @default none */
  readonly policies?: Policies | undefined
}

/**
 * Looks through the definitions of an app for what compiles and starts and is hardly meant: routing, names and roles. What does not
 * compile or start is left to the compiler and to `createCairn`.
 *
 * Process managers are tried: their functions are called with events made from the schemas, as often as it takes to see what they
 * send. They are pure, so nothing happens by that.
 * @throws DefinitionError as `new Registry(domains)`: such an app does not start
 */
export function lintDomains(domains: readonly Domain[], { naming, policies }: LintDomainsOptions = {}): readonly DomainFinding[] {
  return lintRegistry(new Registry(domains, naming === undefined ? {} : { naming }), policies)
}

/** The same for domains that are registered already. */
export function lintRegistry(registry: Registry, policies: Policies | undefined): readonly DomainFinding[] {
  return [
    ...lintRouting(registry),
    ...lintProcessManagers(registry),
    ...lintNames(registry),
    ...(policies === undefined ? [] : lintRoles(registry, policies)),
  ]
}
