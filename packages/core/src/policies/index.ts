export { ownRolePrefix } from './own-roles.ts'
export { Policies, type AllowOptions, type PolicyCondition, type PolicyContext, type PolicyRule, type PolicyWhen } from './policies.ts'
