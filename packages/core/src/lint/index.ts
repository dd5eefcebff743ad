export type { DomainFinding, DomainRule } from './domain-finding.ts'
export { lintDomains, lintRegistry, type LintDomainsOptions } from './lint-domains.ts'
