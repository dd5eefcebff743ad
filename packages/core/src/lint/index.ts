export { domainRules, type DomainFinding, type DomainRule } from './domain-finding.ts'
export { lintDomains, lintRegistry, type LintDomainsOptions } from './lint-domains.ts'
