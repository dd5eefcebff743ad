/** The rules of `lintDomains`. Their names stay, so that a program can filter by them. */
export const domainRules = [
  // Routing
  'unknown-command-sent',
  'never-correlates',
  'unread-event',
  'empty-domain',
  'tenant-in-payload',
  // Names
  'shared-name',
  'subscription-name-taken',
  'mixed-field-names',
  // Roles
  'command-without-policy',
  'policy-without-command',
  'policy-for-nobody',
  'wildcard-role',
  'reserved-role',
  'unknown-role',
  'unused-condition',
] as const
export type DomainRule = (typeof domainRules)[number]

/** Something about an app's definitions that compiles and starts, and is hardly meant. */
export interface DomainFinding {
  readonly rule: DomainRule
  /** A warning is mended or the rule is not for this app; an info is worth knowing and may be as it should. */
  readonly severity: 'warning' | 'info'
  /** What it is about: 'process manager order-fulfilment', 'command order.create'. */
  readonly subject: string
  /** A sentence for people. */
  readonly message: string
  /** What to do about it; a sentence. */
  readonly remedy: string
}
